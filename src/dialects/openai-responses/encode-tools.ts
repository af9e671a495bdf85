import type { GenerateRequest, Tool, ToolChoice } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { type Encoding, NOT_KNOWN } from "./encoding.ts";
import { namespaceOf } from "./namespaces.ts";

/** `tools`, `tool_choice` and `parallel_tool_calls`, each only where it says something. */
export function encodeTools(request: GenerateRequest, encoding: Encoding): JsonObject {
  const tools: JsonObject[] = [];
  for (const tool of request.tools) {
    const encoded = encodeTool(tool, encoding);
    if (encoded !== null) addTool(tools, tool, encoded, encoding);
  }
  const choice = encoding.choice(request, tools.length, (wanted) => choiceOf(wanted, request, encoding));
  return { ...(tools.length === 0 ? {} : { tools }), ...choice };
}

/** Tools of one namespace were declared one after the other: they go back under their common head. */
function addTool(tools: JsonObject[], tool: Tool, encoded: JsonObject, encoding: Encoding): void {
  const head = tool.extras?.["namespace"];
  if (!encoding.isOwn || !isObject(head)) {
    tools.push(encoded);
    return;
  }
  const last = tools.at(-1);
  const inner = last?.["type"] === "namespace" && last["name"] === namespaceOf(tool) ? last["tools"] : undefined;
  if (Array.isArray(inner)) inner.push(encoded);
  else tools.push({ ...head, tools: [encoded] });
}

function encodeTool(tool: Tool, encoding: Encoding): JsonObject | null {
  encoding.loseMark(tool.cache, tool.path);
  if (tool.kind === "server") {
    if (tool.native?.origin === "openai-responses" && isObject(tool.native.value)) return tool.native.value;
    encoding.lose(tool.path, `the hosted tool ${tool.name} of another provider is ${NOT_KNOWN}`);
    return null;
  }
  const { namespace, ...own } = tool.extras ?? {};
  // Only this dialect's namespaces are put back around their tools.
  const extras = encoding.isOwn || namespace === undefined ? own : { ...own, namespace };
  const head = {
    name: tool.localName ?? tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
  };
  const rest = encoding.extras(Object.keys(extras).length === 0 ? undefined : extras, tool.path);
  if (tool.kind === "custom")
    return { type: "custom", ...head, ...encoding.inputFormat(tool, (grammar) => ({ ...grammar })), ...rest };
  return { type: "function", ...head, parameters: schemaOf(tool), ...strictOf(tool, encoding), ...rest };
}

function schemaOf(tool: Tool): JsonObject {
  const schema = tool.schema ?? {};
  // "Invalid schema for function: schema must be of type object".
  if (schema["type"] === undefined) return { type: "object", properties: {}, ...schema };
  return schema;
}

/** Left out, `strict` means "strict if it can be"; the other dialects mean false, which has to be said here (function calling guide). */
function strictOf(tool: Tool, encoding: Encoding): JsonObject {
  if (!encoding.target.compat.strict_tools) {
    if (tool.strict === true) encoding.lose(`${tool.path}.strict`, "this provider has no strict tools");
    return {};
  }
  if (tool.strict === undefined) return encoding.isOwn ? {} : { strict: false };
  return { strict: encoding.strict(tool.strict, schemaOf(tool), tool.path) };
}

function choiceOf(choice: ToolChoice, request: GenerateRequest, encoding: Encoding): JsonObject {
  const native = request.extras.origin === "openai-responses" ? request.extras.fields["tool_choice"] : undefined;
  if (native !== undefined) return { tool_choice: native };
  const [name] = choice.names;
  if (choice.mode === "named" && name !== undefined) return { tool_choice: referTo(name, request.tools) };
  if (choice.mode === "validated") {
    encoding.lose("tool_choice", `validated calls are ${NOT_KNOWN}; sent as auto`);
  }
  const mode = choice.mode === "required" || choice.mode === "none" ? choice.mode : "auto";
  if (choice.names.length === 0 || mode === "none") return { tool_choice: mode };
  return {
    tool_choice: { type: "allowed_tools", mode, tools: choice.names.map((entry) => referTo(entry, request.tools)) },
  };
}

function referTo(name: string, tools: readonly Tool[]): JsonObject {
  const tool = tools.find((entry) => entry.name === name);
  if (tool?.kind === "server") return { type: name };
  const namespace = tool?.localName === undefined ? undefined : namespaceOf(tool);
  return {
    type: tool?.kind === "custom" ? "custom" : "function",
    name: tool?.localName ?? name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}
