import type { Tool } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import {
  isAbsent,
  optionalArray,
  optionalBoolean,
  optionalWord,
  readArray,
  readName,
  readObject,
  type Wire,
} from "../shared/fields.ts";
import { toolNamed, withOwnNames } from "./namespaces.ts";
import { allowedTools, declaredName, type DecodedChoice, openChoice } from "../shared/openai-tool-choice.ts";
import { checkGrammar, decodeCustomTool, decodeFunctionTool } from "../shared/openai-tools.ts";

const FUNCTION_FIELDS: ReadonlySet<string> = new Set(["type", "name", "description", "parameters", "strict"]);
const CUSTOM_FIELDS: ReadonlySet<string> = new Set(["type", "name", "description", "format"]);

/**
 * `tools`. Functions of a namespace become tools of their own that remember it; everything hosted, and what only OpenAI's models know
 * (shell, apply_patch, computer use, tool search), stays as it is. A function without `strict` keeps it open: this API then decides by itself.
 */
export function decodeTools(value: Wire): Tool[] {
  const tools: Tool[] = [];
  for (const [index, entry] of (optionalArray(value, "tools") ?? []).entries()) {
    const path = `tools[${index}]`;
    const tool = readObject(entry, path);
    if (tool["type"] === "namespace") tools.push(...decodeNamespace(tool, path));
    else tools.push(decodeTool(tool, path));
  }
  return withOwnNames(tools);
}

function decodeTool(tool: JsonObject, path: string): Tool {
  const type = readName(tool["type"], `${path}.type`);
  const declared = { fields: tool, at: path, path };
  if (type === "function") return decodeFunctionTool({ ...declared, known: FUNCTION_FIELDS });
  if (type === "custom") {
    return decodeCustomTool({ ...declared, known: CUSTOM_FIELDS }, "openai-responses", checkFormat);
  }
  return { kind: "server", name: type, native: { origin: "openai-responses", value: tool }, path };
}

function checkFormat(format: JsonObject, at: string): void {
  if (format["type"] === "grammar") checkGrammar(format, at);
}

/** `{type: "namespace", name, description, tools}`: its head travels in the extras of each of its tools. */
function decodeNamespace(namespace: JsonObject, path: string): Tool[] {
  const { tools: inner, ...head } = namespace;
  readName(head["name"], `${path}.name`);
  return readArray(inner, `${path}.tools`).map((entry, index) => {
    const at = `${path}.tools[${index}]`;
    const tool = decodeTool(readObject(entry, at), at);
    return { ...tool, extras: { ...tool.extras, namespace: head } };
  });
}

/** `tool_choice` in all its forms, and `parallel_tool_calls`. Names are checked against the declared tools. */
export function decodeToolChoice(value: Wire, parallelValue: Wire, tools: readonly Tool[]): DecodedChoice {
  const parallel = optionalBoolean(parallelValue, "parallel_tool_calls") ?? null;
  if (isAbsent(value)) return openChoice(parallel);
  if (typeof value === "string") {
    const mode = optionalWord(value, "tool_choice", ["auto", "none", "required"]) ?? "auto";
    return { choice: { mode, names: [], parallel }, native: null };
  }
  const choice = readObject(value, "tool_choice");
  const type = readName(choice["type"], "tool_choice.type");
  if (type === "allowed_tools") return decodeAllowed(choice, parallel, tools);
  if (type === "function" || type === "custom") {
    const name = nameOf(choice, "tool_choice", tools);
    return { choice: { mode: "named", names: [name], parallel }, native: null };
  }
  return { choice: { mode: "named", names: [type], parallel }, native: choice };
}

/** A tool is chosen by its name, within a namespace by that, too. */
const nameOf = (choice: JsonObject, at: string, tools: readonly Tool[]): string =>
  toolNamed(tools, choice)?.name ?? declaredName(choice, at, tools);

function decodeAllowed(choice: JsonObject, parallel: boolean | null, tools: readonly Tool[]): DecodedChoice {
  const mode = optionalWord(choice["mode"], "tool_choice.mode", ["auto", "required"]) ?? "auto";
  const entries = readArray(choice["tools"], "tool_choice.tools");
  const { names, isHosted } = allowedTools(entries, "tool_choice.tools", (tool, _type, at) => nameOf(tool, at, tools));
  return { choice: { mode, names, parallel }, native: isHosted ? choice : null };
}
