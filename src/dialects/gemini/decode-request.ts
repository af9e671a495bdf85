import type { RequestContext } from "../dialect.ts";
import { invalidRequest } from "../../ir/error.ts";
import type { Loss } from "../../ir/loss.ts";
import type { GenerateRequest, Tool, ToolChoice } from "../../ir/request.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { lostInside } from "../shared/half-read.ts";
import { decodeConfig } from "./decode-config.ts";
import { ContentsDecoder, systemParts } from "./decode-contents.ts";
import { HALF_READ } from "./half-read.ts";
import { camelName, ProtoReader } from "./proto.ts";
import { fromSubset, takesNothing } from "./schema.ts";
import { tierWord } from "./tier.ts";
import { hostedToolName } from "./tool-names.ts";

const MODES = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"];

/**
 * A client's generateContent body (https://ai.google.dev/api/generate-content), in camelCase or snake_case. Model and streaming come from the
 * route. Throws GatewayError 400 with the path of the offending field.
 */
export function decodeRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  const reader = new ProtoReader(body, "");
  const losses: Loss[] = [];
  const decoder = new ContentsDecoder(context.seals, losses);
  const contents = reader.list("contents");
  if (contents === undefined || contents.length === 0) {
    throw invalidRequest("contents", "contents must be an array with at least one content");
  }
  const system = systemParts(decoder, reader.value("systemInstruction"), "systemInstruction");
  const turns = decoder.turns(contents, "contents");
  const { rest, ...config } = decodeConfig(reader.object("generationConfig"));
  const toolConfig = reader.object("toolConfig");
  const toolChoice = toolChoiceOf(toolConfig?.object("functionCallingConfig"));
  const safety = reader.list("safetySettings");
  const tools = toolsOf(reader.list("tools") ?? []);
  reader.value("model");
  const model = context.route.model ?? reader.string("model") ?? null;
  const serviceTier = tierWord(reader.string("serviceTier"));
  const fields = { ...reader.rest() };
  if (Object.keys(rest).length > 0) fields.generationConfig = rest;
  const toolRest = toolConfig === undefined ? {} : restOf(toolConfig);
  if (Object.keys(toolRest).length > 0) fields.toolConfig = toolRest;
  losses.push(...lostInside(body, HALF_READ, camelName));
  return {
    origin: "gemini",
    model,
    stream: context.route.stream ?? false,
    system,
    turns,
    tools,
    toolChoice,
    ...config,
    serviceTier,
    includeUsage: true,
    ...(safety === undefined ? {} : { safety: { origin: "gemini", value: safety } }),
    extras: { origin: "gemini", fields },
    ...(losses.length === 0 ? {} : { losses }),
  };
}

/** What of `toolConfig` the common form can't say: retrievalConfig and the like, and switches of functionCallingConfig. */
function restOf(toolConfig: ProtoReader): JsonObject {
  const rest = toolConfig.rest();
  const calling = toolConfig.object("functionCallingConfig");
  for (const name of ["mode", "allowedFunctionNames"]) calling?.value(name);
  const callingRest = calling?.rest() ?? {};
  return Object.keys(callingRest).length > 0 ? { ...rest, functionCallingConfig: callingRest } : rest;
}

function toolChoiceOf(config: ProtoReader | undefined): ToolChoice | null {
  if (config === undefined) return null;
  const mode = config.enumName("mode", MODES) ?? "MODE_UNSPECIFIED";
  const names = config.strings("allowedFunctionNames") ?? [];
  const choice = { names, parallel: null };
  if (mode === "ANY") return { ...choice, mode: names.length === 1 ? "named" : "required" };
  if (mode === "NONE") return { ...choice, mode: "none" };
  if (mode === "VALIDATED") return { ...choice, mode: "validated" };
  return { ...choice, mode: "auto" };
}

function toolsOf(list: JsonValue[]): Tool[] {
  return list.flatMap((item, index) => {
    const tool = new ProtoReader(item, `tools[${index}]`);
    const declarations = (tool.list("functionDeclarations") ?? []).map((declaration, at) =>
      functionOf(new ProtoReader(declaration, `${tool.at("functionDeclarations")}[${at}]`)),
    );
    return [
      ...declarations,
      ...Object.entries(tool.rest()).map(([field, value]) => hostedTool(tool, field, value ?? {})),
    ];
  });
}

function hostedTool(tool: ProtoReader, field: string, value: JsonValue): Tool {
  const native = { origin: "gemini" as const, value: { [field]: value } };
  return { kind: "server", name: hostedToolName(field) ?? field, native, path: tool.at(field) };
}

function functionOf(declaration: ProtoReader): Tool {
  const name = declaration.string("name");
  if (name === undefined || name === "") {
    throw invalidRequest(declaration.at("name"), `${declaration.at("name")} is required`);
  }
  const description = declaration.string("description");
  const full = declaration.value("parametersJsonSchema");
  const subset = declaration.value("parameters");
  const schema = full ?? subset ?? { type: "object", properties: {} };
  const at = declaration.at(full === undefined ? "parameters" : "parametersJsonSchema");
  if (!isObject(schema)) throw invalidRequest(at, `${at} must be an object`);
  const extras = declaration.rest();
  const parameters = full === undefined ? fromSubset(schema) : schema;
  return {
    kind: "function",
    name,
    ...(description === undefined ? {} : { description }),
    schema: takesNothing(parameters) ? { type: "object", properties: {} } : parameters,
    ...(Object.keys(extras).length === 0 ? {} : { extras }),
    path: declaration.path,
  };
}
