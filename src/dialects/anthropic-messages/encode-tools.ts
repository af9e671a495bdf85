import type { GenerateRequest, Tool, ToolChoice } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { customFormat, customToolSchema } from "../shared/custom-tool.ts";
import type { Encoding } from "./encoding.ts";
import { normaliseSchema, normaliseToolSchema } from "./schema.ts";

/** `tools` and `tool_choice`, each only where it says something. */
export function encodeTools(request: GenerateRequest, encoding: Encoding): JsonObject {
  const offered = allowedTools(request);
  const tools = offered.map((tool) => encodeTool(tool, encoding)).filter((tool) => tool !== null);
  const choice = encodeChoice(request.toolChoice, tools.length, encoding);
  return {
    ...(tools.length > 0 ? { tools } : {}),
    ...(choice === null ? {} : { tool_choice: choice }),
  };
}

/** A choice among a subset is told by offering only the subset: the API can force any tool or one tool, nothing between. */
function allowedTools(request: GenerateRequest): Tool[] {
  const choice = request.toolChoice;
  if (choice === null || choice.names.length === 0 || choice.mode === "named" || choice.mode === "none") {
    return request.tools;
  }
  return request.tools.filter((tool) => choice.names.includes(tool.name));
}

function encodeTool(tool: Tool, encoding: Encoding): JsonObject | null {
  const mark = tool.cache === undefined ? {} : { cache_control: encoding.cacheControl(tool.cache, tool.path) };
  if (tool.kind === "server") {
    const value = tool.native?.value;
    if (tool.native?.origin === "anthropic-messages" && isObject(value)) return { ...value, ...mark };
    encoding.lose(tool.path, `the hosted tool ${tool.name} of another provider is not known to Anthropic`);
    return null;
  }
  return {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    ...encodeSchema(tool, encoding),
    ...encoding.extras(tool.extras, tool.path),
    ...mark,
  };
}

function encodeSchema(tool: Tool, encoding: Encoding): JsonObject {
  const report = (path: string, reason: string): void => encoding.lose(path, reason);
  const path = `${tool.path}.parameters`;
  if (tool.kind === "custom") {
    // The call is unwrapped again on its way to the client (shared/custom-tool.ts); only a grammar can't be asked for.
    if (customFormat(tool)?.kind !== "text")
      encoding.lose(`${tool.path}.format`, "Anthropic has no grammars for tools");
    return { input_schema: customToolSchema() };
  }
  if (encoding.origin === "anthropic-messages") {
    return {
      input_schema: tool.schema ?? { type: "object" },
      ...(tool.strict === undefined ? {} : { strict: tool.strict }),
    };
  }
  if (tool.strict !== true) return { input_schema: normaliseToolSchema(tool.schema, path, report) };
  if (!encoding.target.capabilities.has("json_schema") || !encoding.target.compat.strict_tools) {
    encoding.lose(`${tool.path}.strict`, "this model has no strict tools");
    return { input_schema: normaliseToolSchema(tool.schema, path, report) };
  }
  const schema = normaliseSchema(tool.schema ?? {}, path, report);
  return { input_schema: { ...schema, type: "object", additionalProperties: false }, strict: true };
}

const TYPES = { auto: "auto", none: "none", required: "any", named: "tool", validated: "auto" } as const;

function encodeChoice(choice: ToolChoice | null, tools: number, encoding: Encoding): JsonObject | null {
  if (choice === null) return null;
  if (tools === 0) {
    // `none` and `auto` without tools say nothing; a forced tool that isn't there can't be asked for.
    if (choice.mode === "required" || choice.mode === "named")
      encoding.lose("tool_choice", "there are no tools to choose from");
    return null;
  }
  if (choice.mode === "validated")
    encoding.lose("tool_choice", "validated calls are not known to Anthropic; sent as auto");
  const [name] = choice.names;
  const type = TYPES[choice.mode];
  return {
    type,
    ...(type === "tool" && name !== undefined ? { name } : {}),
    ...(choice.parallel === null || type === "none" ? {} : { disable_parallel_tool_use: !choice.parallel }),
  };
}

/** Whether the answer must be a tool call. */
export const forcesTool = (choice: ToolChoice | null): boolean =>
  choice !== null && (choice.mode === "required" || choice.mode === "named");
