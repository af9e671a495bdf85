import { isObject, type JsonObject } from "../../lib/json.ts";
import type { Tool } from "../../ir/request.ts";

/**
 * Free-form ("custom") tools exist only in OpenAI's two dialects. Elsewhere such a tool is carried as a function with one string
 * property, and the call is unwrapped again on its way to the client.
 */
export const CUSTOM_INPUT_FIELD = "input";

/** Schema of the function that stands for a custom tool. A fresh object each time, so that callers may normalise it in place. */
export function customToolSchema(): JsonObject {
  return {
    type: "object",
    properties: { [CUSTOM_INPUT_FIELD]: { type: "string", description: "The whole input of the tool, as free text." } },
    required: [CUSTOM_INPUT_FIELD],
    additionalProperties: false,
  };
}

/** Free text of a custom call → arguments of the function that stands for it, as JSON text. */
export function wrapCustomInput(text: string): string {
  return JSON.stringify({ [CUSTOM_INPUT_FIELD]: text });
}

/** Arguments of the standing-in function (JSON text) → the free text; null when they are not what was asked for. */
export function unwrapCustomInput(argumentsText: string): string | null {
  try {
    const value: unknown = JSON.parse(argumentsText);
    if (!isObject(value)) return null;
    const input = value[CUSTOM_INPUT_FIELD];
    return typeof input === "string" ? input : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export interface Grammar {
  syntax: string;
  definition: string;
}

/** Input format of a custom tool: what OpenAI calls `text`, or a grammar. */
export type CustomFormat = { kind: "text" } | { kind: "grammar"; grammar: Grammar };

/**
 * The format of a custom tool out of `Tool.native`, in whichever OpenAI dialect it was written: chat nests the grammar
 * (`{type, grammar: {syntax, definition}}`), Responses does not. Null when it is neither.
 */
export function customFormat(tool: Tool): CustomFormat | null {
  if (tool.native === undefined) return { kind: "text" };
  const value = tool.native.value;
  if (!isObject(value)) return null;
  if (value["type"] === "text") return { kind: "text" };
  if (value["type"] !== "grammar") return null;
  const grammar = isObject(value["grammar"]) ? value["grammar"] : value;
  const { syntax, definition } = grammar;
  return typeof syntax === "string" && typeof definition === "string"
    ? { kind: "grammar", grammar: { syntax, definition } }
    : null;
}
