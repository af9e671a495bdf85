import type { RecordedRequest } from "../../../support/upstream.ts";
import { Check, isBase64, isObject, type JsonObject, type JsonValue, list, text } from "./check.ts";

/** https://ai.google.dev/api/generate-content */
const FIELDS =
  "contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent serviceTier labels store".split(
    " ",
  );
const CONFIG = (
  "stopSequences responseMimeType responseSchema responseJsonSchema _responseJsonSchema responseModalities candidateCount maxOutputTokens " +
  "temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs enableEnhancedCivicAnswers speechConfig " +
  "thinkingConfig imageConfig mediaResolution"
).split(" ");
const DATA = [
  "text",
  "inlineData",
  "functionCall",
  "functionResponse",
  "fileData",
  "executableCode",
  "codeExecutionResult",
];
const PART = [...DATA, "thought", "thoughtSignature", "partMetadata", "videoMetadata", "mediaResolution"];
/** https://ai.google.dev/api/caching#Schema: a subset of OpenAPI, not JSON Schema. */
const SCHEMA = (
  "type format title description nullable enum maxItems minItems properties required minProperties maxProperties minLength maxLength pattern " +
  "example anyOf propertyOrdering default items minimum maximum"
).split(" ");

/** Values that are the caller's own, with names of their own. */
const OPAQUE = new Set(["args", "response", "properties", "parametersJsonSchema", "responseJsonSchema", "labels"]);

/** Names as proto3 JSON takes them: `snake_case` is as good as `camelCase` (https://protobuf.dev/programming-guides/json/). */
function camel(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(camel);
  if (!isObject(value)) return value;
  const named = Object.entries(value).map(([name, inner = null]): [string, JsonValue] => {
    const known = name.replace(/(?<=[a-z])_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
    return [known, OPAQUE.has(known) ? inner : camel(inner)];
  });
  return Object.fromEntries(named);
}

/** What Google's generateContent would refuse. */
export function geminiRules(request: RecordedRequest): string[] {
  const check = new Check();
  check.that(
    /\/v1beta\/models\/[^:]+:(stream)?generateContent$|:(countTokens|embedContent|batchEmbedContents)$/i.test(
      request.path,
    ),
    `path ${request.path}`,
  );
  check.that(request.headers["x-goog-api-key"]?.startsWith("k-") === true, "credential");
  if (!request.path.toLowerCase().endsWith("generatecontent")) return check.found;
  const body = camel(request.json()) as JsonObject;
  check.only(body, FIELDS, "body");
  checkContents(check, list(body["contents"]));
  if (body["systemInstruction"] !== undefined)
    check.that(
      isObject(body["systemInstruction"]) && list(body["systemInstruction"]["parts"]).length > 0,
      "systemInstruction",
    );
  const config = isObject(body["generationConfig"]) ? body["generationConfig"] : {};
  check.only(config, CONFIG, "generationConfig");
  if ("responseSchema" in config || "responseJsonSchema" in config)
    check.that(config["responseMimeType"] === "application/json", "schema without responseMimeType");
  if (config["responseSchema"] !== undefined) checkSchema(check, config["responseSchema"], "responseSchema");
  const thinking = isObject(config["thinkingConfig"]) ? config["thinkingConfig"] : {};
  check.only(thinking, ["includeThoughts", "thinkingBudget", "thinkingLevel"], "thinkingConfig");
  check.that(!("thinkingBudget" in thinking && "thinkingLevel" in thinking), "budget and level");
  for (const tool of list(body["tools"]))
    for (const declared of list(tool["functionDeclarations"])) {
      check.that(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(text(declared["name"])), "name of function");
      if (declared["parameters"] !== undefined) checkSchema(check, declared["parameters"], "parameters");
    }
  return check.found;
}

const callsOf = (content: JsonObject | undefined, field: string): string[] =>
  list(content?.["parts"]).flatMap((part) => (isObject(part[field]) ? [text(part[field]["name"])] : []));

/** Contents of the same role that follow each other count as one, as LangChain sends results. */
function merged(contents: JsonObject[]): JsonObject[] {
  const out: JsonObject[] = [];
  for (const content of contents) {
    const last = out.at(-1);
    if (last === undefined || last["role"] !== content["role"]) out.push({ ...content });
    else last["parts"] = [...list(last["parts"]), ...list(content["parts"])];
  }
  return out;
}

function checkContents(check: Check, sent: JsonObject[]): void {
  const contents = merged(sent);
  check.that(contents.length > 0, "contents is empty");
  for (const [index, content] of contents.entries()) {
    const where = `contents[${index}]`;
    // The role may be left out.
    check.that(["user", "model", undefined].includes(content["role"] as string), `${where}: role`);
    const parts = list(content["parts"]);
    check.that(parts.length > 0, `${where}: no parts`);
    for (const part of parts) checkPart(check, part, where);
    const calls = callsOf(contents[index - 1], "functionCall");
    const results = callsOf(content, "functionResponse");
    check.that(calls.join() === results.join(), `${where}: responses [${results.join()}] of calls [${calls.join()}]`);
    const own = callsOf(content, "functionCall");
    check.that(
      own.length === 0 || (index > 0 && contents[index + 1] !== undefined),
      `${where}: call without response or request`,
    );
  }
}

function checkPart(check: Check, part: JsonObject, where: string): void {
  check.only(part, PART, where);
  const kinds = DATA.filter((name) => name in part);
  check.that(
    kinds.length === 1 || (kinds.length === 0 && "thoughtSignature" in part),
    `${where}: data ${kinds.join()}`,
  );
  const { functionCall, functionResponse, inlineData } = part;
  if (isObject(functionCall))
    check.that(functionCall["args"] === undefined || isObject(functionCall["args"]), `${where}: args`);
  if (isObject(functionResponse)) check.that(isObject(functionResponse["response"]), `${where}: response`);
  if (isObject(inlineData))
    check.that(
      isBase64(text(inlineData["data"]).replaceAll("-", "+").replaceAll("_", "/")) &&
        text(inlineData["mimeType"]).includes("/"),
      `${where}: inlineData`,
    );
  if ("thoughtSignature" in part)
    check.that(
      /^[A-Za-z0-9+/_-]+={0,2}$/.test(text(part["thoughtSignature"])),
      `${where}: thoughtSignature is no bytes`,
    );
}

function checkSchema(check: Check, schema: JsonValue | undefined, where: string): void {
  if (!isObject(schema)) return check.fail(where);
  check.only(schema, SCHEMA, where);
  check.that(typeof schema["type"] === "string" || "anyOf" in schema, `${where}: type`);
  for (const [name, item] of Object.entries(isObject(schema["properties"]) ? schema["properties"] : {}))
    checkSchema(check, item, `${where}.${name}`);
  if (schema["items"] !== undefined) checkSchema(check, schema["items"], `${where}.items`);
}
