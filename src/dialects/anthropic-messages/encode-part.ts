import type { Part, PartOf } from "../../ir/request.ts";
import { isObject, type JsonObject, type JsonValue, tryJson } from "../../lib/json.ts";
import { CUSTOM_INPUT_FIELD } from "../shared/custom-tool.ts";
import { encodeCitation } from "./citations.ts";
import { encodeMedia } from "./encode-media.ts";
import type { Encoding } from "./encoding.ts";
import { INVALID_JSON_KEY } from "./wire-names.ts";

/** A part as one content block, or null when nothing of it can be sent; every such part but an empty text is reported. */
export function encodePart(part: Part, encoding: Encoding): JsonObject | null {
  const block = encodeBare(part, encoding);
  if (part.cache === undefined) return block;
  if (block === null || part.type === "reasoning") {
    encoding.lose(`${part.path}.cache_control`, "the cache mark stood on a part that can't carry one");
    return block;
  }
  return { ...block, cache_control: encoding.cacheControl(part.cache, part.path) };
}

function encodeBare(part: Part, encoding: Encoding): JsonObject | null {
  if (part.type === "reasoning") return encodeReasoning(part, encoding);
  if (part.seal !== undefined) encoding.unseal(part.seal, part.path);
  switch (part.type) {
    case "text":
      return encodeText(part, encoding);
    case "refusal":
      return part.text === "" ? null : { type: "text", text: part.text };
    case "media":
      return encodeMedia(part, encoding);
    case "tool-call":
      return encodeToolCall(part, encoding);
    case "tool-result":
      return encodeToolResult(part, encoding);
    case "native":
      return encodeNative(part, encoding);
  }
}

/** The API refuses text blocks without a visible character ("text content blocks must contain non-whitespace text"). */
function encodeText(part: PartOf<"text">, encoding: Encoding): JsonObject | null {
  if (part.text.trim() === "") {
    if (part.text !== "") encoding.lose(part.path, "text of white space only is refused by Anthropic");
    return null;
  }
  if (part.phase !== undefined) encoding.lose(`${part.path}.phase`, "Anthropic messages have no phases");
  const citations = (part.citations ?? []).flatMap((citation, index) => {
    const native = citation.native?.origin === "anthropic-messages" ? encodeCitation(citation, part.text) : null;
    if (native === null) encoding.lose(`${part.path}.citations[${index}]`, "a citation of another provider");
    return native === null ? [] : [native];
  });
  return {
    type: "text",
    text: part.text,
    ...(citations.length > 0 ? { citations } : {}),
    ...encoding.extras(part.extras, part.path),
  };
}

/** Thinking goes back only with the signature that this realm gave it: an unsigned block is a 400 (Anthropic extended thinking). */
function encodeReasoning(part: PartOf<"reasoning">, encoding: Encoding): JsonObject | null {
  if (part.seal === undefined) {
    encoding.lose(part.path, "reasoning without a signature of Anthropic's is not accepted");
    return null;
  }
  const value = encoding.unseal(part.seal, part.path);
  if (value === null) return null;
  if (part.seal.kind === "redacted") return { type: "redacted_thinking", data: value };
  return { type: "thinking", thinking: part.text, signature: value };
}

function encodeToolCall(part: PartOf<"tool-call">, encoding: Encoding): JsonObject | null {
  if (part.kind === "server") {
    encoding.lose(part.path, "a server tool call of another provider");
    return null;
  }
  return {
    type: "tool_use",
    id: encoding.toolIds.call(part.id),
    name: part.name,
    input: part.kind === "custom" ? { [CUSTOM_INPUT_FIELD]: part.arguments } : toolInput(part, encoding),
    ...encoding.extras(part.extras, part.path),
  };
}

/** Arguments as an object; what isn't one is wrapped as Anthropic's documentation advises. */
function toolInput(part: PartOf<"tool-call">, encoding: Encoding): JsonObject {
  const input = parseArguments(part.arguments);
  if (input !== null) return input;
  encoding.lose(`${part.path}.arguments`, "the arguments are not a JSON object; sent wrapped");
  return { [INVALID_JSON_KEY]: part.arguments };
}

/** Tool arguments as a JSON object, no arguments as an empty one; null when the text is anything else. */
export function parseArguments(text: string): JsonObject | null {
  if (text.trim() === "") return {};
  const value = tryJson(text);
  return isObject(value) ? value : null;
}

function encodeToolResult(part: PartOf<"tool-result">, encoding: Encoding): JsonObject {
  const blocks = part.content.map((item) => encodePart(item, encoding)).filter((block) => block !== null);
  const [first] = blocks;
  const plain = blocks.length === 1 && first !== undefined && isPlainText(first);
  return {
    type: "tool_result",
    tool_use_id: encoding.toolIds.result(part.toolId),
    ...(blocks.length === 0 ? {} : { content: plain ? first.text : blocks }),
    ...(part.isError ? { is_error: true } : {}),
    ...encoding.extras(part.extras, part.path),
  };
}

/** A text block that is nothing but text, so that it may stand as a string. */
export function isPlainText(block: JsonObject): block is JsonObject & { text: string } {
  return block.type === "text" && typeof block.text === "string" && Object.keys(block).length === 2;
}

function encodeNative(part: PartOf<"native">, encoding: Encoding): JsonObject | null {
  const value: JsonValue = part.native.value;
  if (part.native.origin === "anthropic-messages" && isObject(value)) return value;
  encoding.lose(part.path, `a part that only ${part.native.origin} knows`);
  return null;
}
