import type { Part, PartOf } from "../../ir/request.ts";
import { isObject, type JsonObject, tryJson } from "../../lib/json.ts";
import { encodeMedia } from "./encode-media.ts";
import type { EncodeScope } from "./encode-scope.ts";

/**
 * A tool result as `functionResponse`, with the media that must stand beside it: Gemini 3 takes inline media inside the response
 * (https://ai.google.dev/gemini-api/docs/function-calling#multimodal), older models only as parts of their own.
 */
export function encodeResult(
  part: PartOf<"tool-result">,
  calledName: string | undefined,
  scope: EncodeScope,
): { response: JsonObject; beside: JsonObject[] } {
  const texts: string[] = [];
  const inside: JsonObject[] = [];
  const beside: JsonObject[] = [];
  for (const item of part.content) {
    if (item.cache !== undefined) scope.lose(`${item.path}.cache_control`, "Gemini takes no cache marks");
    const text = textOf(item);
    if (text === "") continue;
    if (text !== null) texts.push(text);
    else if (item.type === "media") placeMedia(item, scope, inside, beside);
    else scope.lose(item.path, "a kind of tool result that Gemini doesn't take");
  }
  const functionResponse = {
    id: part.toolId,
    name: part.name ?? calledName ?? part.toolId,
    response: responseObject(texts.join("\n"), part.isError, inside.length > 0),
    ...(inside.length === 0 ? {} : { parts: inside }),
  };
  return { response: { functionResponse }, beside };
}

const INSIDE = "media inside a function response are data and nothing else";

const textOf = (part: Part): string | null => (part.type === "text" || part.type === "refusal" ? part.text : null);

function placeMedia(part: PartOf<"media">, scope: EncodeScope, inside: JsonObject[], beside: JsonObject[]): void {
  const media = encodeMedia(part, scope);
  if (media === null) return;
  if (!scope.isAdaptive || media.inlineData === undefined) {
    beside.push(media);
    return;
  }
  const { inlineData, mediaResolution, ...extras } = media;
  if (mediaResolution !== undefined) scope.lose(`${part.path}.detail`, INSIDE);
  for (const name of Object.keys(extras)) scope.lose(`${part.path}.${name}`, INSIDE);
  inside.push({ inlineData });
}

/** A JSON object that would read back as the same text is given as it is; anything else under the documented key `output`, errors under `error`. */
function responseObject(text: string, isError: boolean, hasMedia: boolean): JsonObject {
  if (isError) return { error: text };
  // Beside media an empty object says nothing.
  if (hasMedia && text === "{}") return { output: text };
  const value = text.startsWith("{") ? tryJson(text) : undefined;
  if (isObject(value) && value.output === undefined && value.error === undefined && JSON.stringify(value) === text) {
    return value;
  }
  return { output: text };
}
