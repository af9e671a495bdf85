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
  unknownFields,
  type Wire,
} from "../shared/fields.ts";
import { allowedTools, declaredName, type DecodedChoice, openChoice } from "../shared/openai-tool-choice.ts";
import { checkGrammar, decodeCustomTool, decodeFunctionTool } from "../shared/openai-tools.ts";

const TOOL_FIELDS: ReadonlySet<string> = new Set(["type", "function", "custom", "cache_control"]);
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(["name", "description", "parameters", "strict"]);
const CUSTOM_FIELDS: ReadonlySet<string> = new Set(["name", "description", "format"]);

/** `tools`, and the legacy `functions` as the tools that they became. Types beside function and custom are the provider's own. */
export function decodeTools(body: JsonObject): Tool[] {
  const tools = (optionalArray(body["tools"], "tools") ?? []).map((entry, index) => {
    const path = `tools[${index}]`;
    return decodeTool(readObject(entry, path), path);
  });
  const functions = (optionalArray(body["functions"], "functions") ?? []).map((entry, index) => {
    const path = `functions[${index}]`;
    return decodeFunction(readObject(entry, path), path, path);
  });
  return [...tools, ...functions];
}

function decodeTool(tool: JsonObject, path: string): Tool {
  const type = readName(tool["type"], `${path}.type`);
  const cache = isAbsent(tool["cache_control"]) ? {} : cacheOf(tool, path);
  if (type === "function") {
    const at = `${path}.function`;
    const decoded = decodeFunction(readObject(tool["function"], at), at, path);
    const outer = unknownFields(tool, TOOL_FIELDS);
    return { ...decoded, ...cache, ...(outer === undefined ? {} : { extras: { ...decoded.extras, tool: outer } }) };
  }
  if (type === "custom") {
    const at = `${path}.custom`;
    const declared = { fields: readObject(tool["custom"], at), at, path, known: CUSTOM_FIELDS };
    return { ...decodeCustomTool(declared, "openai-chat", checkFormat), ...cache };
  }
  return { kind: "server", name: type, native: { origin: "openai-chat", value: tool }, path };
}

function cacheOf(tool: JsonObject, path: string): Pick<Tool, "cache"> {
  const control = readObject(tool["cache_control"], `${path}.cache_control`);
  return { cache: { ttl: control["ttl"] === "1h" ? "1h" : "5m" } };
}

const decodeFunction = (fields: JsonObject, at: string, path: string): Tool =>
  decodeFunctionTool({ fields, at, path, known: FUNCTION_FIELDS });

/** A grammar has an object of its own. */
function checkFormat(format: JsonObject, at: string): void {
  if (optionalWord(format["type"], `${at}.type`, ["text", "grammar"]) !== "grammar") return;
  checkGrammar(readObject(format["grammar"], `${at}.grammar`), `${at}.grammar`);
}

/** `tool_choice` in all its forms, the legacy `function_call`, and `parallel_tool_calls`. Names are checked against the declared tools. */
export function decodeToolChoice(body: JsonObject, tools: readonly Tool[]): DecodedChoice {
  const parallel = optionalBoolean(body["parallel_tool_calls"], "parallel_tool_calls") ?? null;
  const value = isAbsent(body["tool_choice"]) ? legacyChoice(body["function_call"]) : body["tool_choice"];
  const path = isAbsent(body["tool_choice"]) ? "function_call" : "tool_choice";
  if (isAbsent(value)) return openChoice(parallel);
  if (typeof value === "string") {
    // Mistral's `any` is OpenAI's `required`.
    const word = optionalWord(value, path, ["auto", "none", "required", "any"]) ?? "auto";
    return { choice: { mode: word === "any" ? "required" : word, names: [], parallel }, native: null };
  }
  const choice = readObject(value, path);
  const type = readName(choice["type"], `${path}.type`);
  if (type === "allowed_tools") return decodeAllowed(choice, parallel, tools);
  if (type !== "function" && type !== "custom") {
    return { choice: { mode: "named", names: [type], parallel }, native: choice };
  }
  const name = namedIn(choice, type, path, tools);
  return { choice: { mode: "named", names: [name], parallel }, native: null };
}

/** `function_call: {name}` → as `tool_choice` says it. */
function legacyChoice(value: Wire): Wire {
  if (isAbsent(value) || typeof value === "string") return value;
  const choice = readObject(value, "function_call");
  return { type: "function", function: { name: readName(choice["name"], "function_call.name") } };
}

function decodeAllowed(choice: JsonObject, parallel: boolean | null, tools: readonly Tool[]): DecodedChoice {
  const at = "tool_choice.allowed_tools";
  const allowed = readObject(choice["allowed_tools"], at);
  const mode = optionalWord(allowed["mode"], `${at}.mode`, ["auto", "required"]) ?? "auto";
  const entries = readArray(allowed["tools"], `${at}.tools`);
  const { names, isHosted } = allowedTools(entries, `${at}.tools`, (tool, type, path) =>
    namedIn(tool, type, path, tools),
  );
  return { choice: { mode, names, parallel }, native: isHosted ? choice : null };
}

function namedIn(choice: JsonObject, type: "function" | "custom", path: string, tools: readonly Tool[]): string {
  const at = `${path}.${type}`;
  return declaredName(readObject(choice[type], at), at, tools);
}
