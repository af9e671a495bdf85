import type { GenerateRequest, Tool, ToolChoice } from "../../ir/request.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { customFormat, customToolSchema } from "../shared/custom-tool.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";

/** `tools`, `tool_choice` and `parallel_tool_calls`, each only where it says something. */
export function encodeTools(request: GenerateRequest, encoding: Encoding): JsonObject {
  const allowed = allowedNames(request, encoding);
  const tools: JsonObject[] = [];
  for (const tool of request.tools) {
    if (allowed !== null && !allowed.has(tool.name)) continue;
    const encoded = encodeTool(tool, encoding);
    if (encoded !== null) tools.push(encoded);
  }
  const choice = encoding.choice(request, tools.length, (wanted) => choiceOf(wanted, request, encoding));
  return { ...(tools.length === 0 ? {} : { tools }), ...choice };
}

/**
 * The tools that may be called, where the client named some of them. OpenAI has `allowed_tools` for that, which other servers don't know; leaving the
 * others out means the same everywhere. Null = all.
 */
function allowedNames(request: GenerateRequest, encoding: Encoding): ReadonlySet<string> | null {
  const choice = request.toolChoice;
  if (choice === null || choice.names.length === 0 || encoding.isOwn) return null;
  return choice.mode === "named" || choice.mode === "none" ? null : new Set(choice.names);
}

function encodeTool(tool: Tool, encoding: Encoding): JsonObject | null {
  if (tool.kind === "server") {
    if (tool.native?.origin === "openai-chat" && isObject(tool.native.value)) return tool.native.value;
    encoding.lose(tool.path, `the hosted tool ${tool.name} of another provider is ${NOT_KNOWN}`);
    return null;
  }
  const { tool: outer, ...extras } = tool.extras ?? {};
  const rest = encoding.extras(Object.keys(extras).length === 0 ? undefined : extras, tool.path);
  const marks = {
    ...(encoding.isOwn && isObject(outer) ? outer : {}),
    ...encoding.cacheMark(tool.cache, undefined, tool.path),
  };
  const head = { name: tool.name, ...(tool.description === undefined ? {} : { description: tool.description }) };
  if (tool.kind === "custom" && encoding.hasCustomTools) {
    return {
      type: "custom",
      custom: { ...head, ...encoding.inputFormat(tool, (grammar) => ({ grammar: { ...grammar } })), ...rest },
      ...marks,
    };
  }
  if (tool.kind === "custom") {
    if (customFormat(tool)?.kind !== "text") {
      encoding.lose(`${tool.path}.format`, "the tool is sent as a function; its input format is not held to");
    }
    return { type: "function", function: { ...head, parameters: customToolSchema() }, ...marks };
  }
  const schema = schemaOf(tool, encoding);
  const body = {
    ...head,
    ...(schema === null ? {} : { parameters: schema }),
    ...strictOf(tool, schema, encoding),
    ...rest,
  };
  return { type: "function", function: body, ...marks };
}

/** "Invalid schema for function: schema must be of type object". Without parameters a function takes none. */
function schemaOf(tool: Tool, encoding: Encoding): JsonObject | null {
  if (tool.schema === undefined) return encoding.isOwn ? null : { type: "object", properties: {} };
  if (tool.schema["type"] !== undefined || encoding.isOwn) return tool.schema;
  return { type: "object", properties: {}, ...tool.schema };
}

function strictOf(tool: Tool, schema: JsonObject | null, encoding: Encoding): JsonObject {
  if (tool.strict === undefined) return {};
  if (!encoding.target.compat.strict_tools) {
    if (tool.strict) encoding.lose(`${tool.path}.strict`, "this provider has no strict tools");
    return {};
  }
  return { strict: encoding.strict(tool.strict, schema ?? {}, tool.path) };
}

function choiceOf(choice: ToolChoice, request: GenerateRequest, encoding: Encoding): JsonObject {
  const native = encoding.isOwn ? request.extras.fields["tool_choice"] : undefined;
  if (native !== undefined) return { tool_choice: native };
  const [name] = choice.names;
  if (choice.mode === "named" && name !== undefined) {
    const tool = request.tools.find((entry) => entry.name === name);
    if (tool?.kind !== "server") return { tool_choice: referTo(name, request, encoding) };
    encoding.lose("tool_choice", `the hosted tool ${name} can't be asked for here`);
    return {};
  }
  if (choice.mode === "validated") {
    encoding.lose("tool_choice", `validated calls are ${NOT_KNOWN}; sent as auto`);
  }
  const mode = choice.mode === "required" || choice.mode === "none" ? choice.mode : "auto";
  if (encoding.isOwn && choice.names.length > 0 && mode !== "none") {
    const allowed: JsonValue[] = choice.names.map((entry) => referTo(entry, request, encoding));
    return { tool_choice: { type: "allowed_tools", allowed_tools: { mode, tools: allowed } } };
  }
  return { tool_choice: mode === "required" && encoding.target.compat.tool_choice_any ? "any" : mode };
}

function referTo(name: string, request: GenerateRequest, encoding: Encoding): JsonObject {
  const tool = request.tools.find((entry) => entry.name === name);
  const type = tool?.kind === "custom" && encoding.hasCustomTools ? "custom" : "function";
  return { type, [type]: { name } };
}
