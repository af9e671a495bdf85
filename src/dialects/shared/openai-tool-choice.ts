import { invalidRequest } from "../../ir/error.ts";
import type { Tool, ToolChoice } from "../../ir/request.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { readName, readObject } from "./fields.ts";

/** `tool_choice` of OpenAI's dialects, as far as both read it in one way. */

/** What a `tool_choice` comes to. */
export interface DecodedChoice {
  choice: ToolChoice | null;
  /** A form that names something hosted: only this dialect has words for it. */
  native: JsonObject | null;
}

/** The client left the choice open, and may have said whether calls come in parallel. */
export function openChoice(parallel: boolean | null): DecodedChoice {
  return { choice: parallel === null ? null : { mode: "auto", names: [], parallel }, native: null };
}

/** The tools of `allowed_tools`: names of functions and free-form tools by `nameOf`, types of hosted ones. */
export function allowedTools(
  entries: readonly JsonValue[],
  path: string,
  nameOf: (tool: JsonObject, type: "function" | "custom", at: string) => string,
): { names: string[]; isHosted: boolean } {
  let isHosted = false;
  const names = entries.map((entry, index) => {
    const at = `${path}[${index}]`;
    const tool = readObject(entry, at);
    const type = readName(tool["type"], `${at}.type`);
    if (type === "function" || type === "custom") return nameOf(tool, type, at);
    isHosted = true;
    return type;
  });
  return { names, isHosted };
}

/** The name of a tool, which has to be declared. Throws 400 naming the field otherwise. */
export function declaredName(holder: JsonObject, at: string, tools: readonly Tool[]): string {
  const field = `${at}.name`;
  const name = readName(holder["name"], field);
  if (tools.some((tool) => tool.name === name)) return name;
  throw invalidRequest(field, `${field}: the tool ${JSON.stringify(name)} is not among the declared tools`);
}
