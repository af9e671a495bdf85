import type { Tool, ToolChoice } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { customToolSchema } from "../shared/custom-tool.ts";
import type { EncodeScope } from "./encode-scope.ts";
import { takesNothing, toWireSchema } from "./schema.ts";

/** `tools`: all functions in one declaration list (more lists are refused by Vertex AI) where the first stood, hosted tools each on its own. */
export function encodeTools(scope: EncodeScope): JsonObject[] {
  const declarations: JsonObject[] = [];
  const tools: JsonObject[] = [];
  for (const tool of scope.request.tools) {
    if (tool.cache !== undefined) scope.lose(`${tool.path}.cache_control`, "Gemini takes no cache marks");
    if (tool.kind === "server") {
      tools.push(...encodeHosted(tool, scope));
      continue;
    }
    if (declarations.length === 0) tools.push({ functionDeclarations: declarations });
    declarations.push(encodeFunction(tool, scope));
  }
  return tools;
}

function encodeHosted(tool: Tool, scope: EncodeScope): JsonObject[] {
  if (tool.native?.origin === "gemini" && isObject(tool.native.value)) return [tool.native.value];
  scope.lose(tool.path, `the hosted tool ${tool.name} of another provider is not at hand`);
  return [];
}

function encodeFunction(tool: Tool, scope: EncodeScope): JsonObject {
  if (tool.strict === true) {
    scope.lose(`${tool.path}.strict`, "Gemini has no strict functions; toolConfig mode VALIDATED checks all of them");
  }
  if (tool.kind === "custom" && tool.native !== undefined) {
    scope.lose(tool.path, "a free-form tool is carried as a function; its input format is not enforced");
  }
  const schema = tool.kind === "custom" ? customToolSchema() : tool.schema;
  return {
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    ...parameters(schema, tool, scope),
    ...ownExtras(tool, scope),
  };
}

function parameters(schema: JsonObject | undefined, tool: Tool, scope: EncodeScope): JsonObject {
  // An object without properties is refused; a function without parameters leaves them unset (FunctionDeclaration.parameters).
  if (schema === undefined || takesNothing(schema)) return {};
  const wire = toWireSchema(schema, `${tool.path}.parameters`, scope.losses);
  return wire.form === "subset" ? { parameters: wire.schema } : { parametersJsonSchema: wire.schema };
}

function ownExtras(tool: Tool, scope: EncodeScope): JsonObject {
  if (tool.extras === undefined) return {};
  if (scope.isSameDialect) return tool.extras;
  for (const name of Object.keys(tool.extras)) scope.lose(`${tool.path}.${name}`, "not known to Gemini");
  return {};
}

/** `functionCallingConfig`; undefined when the client left the choice open. */
export function encodeToolChoice(choice: ToolChoice | null, scope: EncodeScope): JsonObject | undefined {
  if (choice === null) return undefined;
  if (choice.parallel === false) scope.lose("parallel_tool_calls", "Gemini can't be kept from parallel calls");
  const allowed = choice.names.length === 0 ? {} : { allowedFunctionNames: choice.names };
  switch (choice.mode) {
    case "none":
      return { mode: "NONE" };
    case "required":
    case "named":
      return { mode: "ANY", ...allowed };
    case "validated":
      return { mode: "VALIDATED", ...allowed };
    default:
      // A subset of the tools with the model free to call none of them: only VALIDATED takes names besides ANY.
      return choice.names.length === 0 ? { mode: "AUTO" } : { mode: "VALIDATED", ...allowed };
  }
}
