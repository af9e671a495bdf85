import type { Tool, ToolChoice } from "../../ir/request.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { cacheOf } from "./cache-control.ts";
import { isAbsent, readArray, readBoolean, readName, readObject, readString, readWord, restOf } from "./fields.ts";
import { toolFamily } from "./wire-names.ts";

const CUSTOM_FIELDS = ["type", "name", "description", "input_schema", "strict", "cache_control"];

/** The client's `tools`; [] when left out. Throws GatewayError 400 with the place of a mistake. */
export function decodeTools(value: JsonValue | undefined): Tool[] {
  if (isAbsent(value)) return [];
  return readArray(value, "tools").map((item, index) => {
    const path = `tools[${index}]`;
    const tool = readObject(item, path);
    return isCustomTool(tool) ? decodeCustom(tool, path) : decodeTyped(tool, path);
  });
}

/** A tool with the client's own schema; all others have a versioned type. */
export const isCustomTool = (tool: JsonObject): boolean => isAbsent(tool.type) || tool.type === "custom";

function decodeCustom(tool: JsonObject, path: string): Tool {
  const extras = restOf(tool, CUSTOM_FIELDS);
  return {
    kind: "function",
    name: readName(tool.name, `${path}.name`),
    schema: readObject(tool.input_schema, `${path}.input_schema`),
    path,
    ...(isAbsent(tool.description) ? {} : { description: readString(tool.description, `${path}.description`) }),
    ...(isAbsent(tool.strict) ? {} : { strict: readBoolean(tool.strict, `${path}.strict`) }),
    ...cacheOf(tool, path),
    ...(extras ? { extras } : {}),
  };
}

/** A tool of one of Anthropic's own types, verbatim but for its cache mark. */
function decodeTyped(tool: JsonObject, path: string): Tool {
  const type = readName(tool.type, `${path}.type`);
  const { cache_control: _cache, ...value } = tool;
  return {
    kind: "server",
    name: isAbsent(tool.name) ? toolFamily(type) : readName(tool.name, `${path}.name`),
    native: { origin: "anthropic-messages", value },
    path,
    ...cacheOf(tool, path),
  };
}

const MODES = { auto: "auto", any: "required", tool: "named", none: "none" } as const;

/** The client's `tool_choice`; null when left out. Throws GatewayError 400. */
export function decodeToolChoice(value: JsonValue | undefined): ToolChoice | null {
  if (isAbsent(value)) return null;
  const choice = readObject(value, "tool_choice");
  const type = readWord(choice.type, "tool_choice.type", ["auto", "any", "tool", "none"]);
  const single = choice.disable_parallel_tool_use;
  const path = "tool_choice.disable_parallel_tool_use";
  return {
    mode: MODES[type],
    names: type === "tool" ? [readName(choice.name, "tool_choice.name")] : [],
    parallel: isAbsent(single) ? null : !readBoolean(single, path),
  };
}
