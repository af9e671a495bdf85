import type { Citation } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { objectOf, objectsOf, textOf } from "../shared/wire-values.ts";

/** One entry of `annotations` (API reference: `url_citation`; Azure and OpenRouter add `file` and others). */
export function decodeAnnotation(annotation: JsonObject): Citation {
  const native = { origin: "openai-chat" as const, value: annotation };
  const type = textOf(annotation["type"]);
  const body = objectOf(annotation[type]);
  if (type !== "url_citation" && type !== "file_citation" && type !== "file") return { kind: "native", native };
  const fileId = body["file_id"];
  const { url, title, start_index: start, end_index: end } = body;
  return {
    kind: type === "url_citation" ? "url" : "file",
    ...(typeof url === "string" ? { url } : {}),
    ...(typeof title === "string" ? { title } : {}),
    ...(typeof start === "number" ? { start } : {}),
    ...(typeof end === "number" ? { end } : {}),
    ...(typeof body["content"] === "string" ? { quotedText: body["content"] } : {}),
    ...(typeof fileId === "string" ? { fileId } : {}),
    native,
  };
}

/** Perplexity's sources of the whole answer: `search_results` with titles, else the bare URLs of `citations`. */
export function decodeSources(answer: JsonObject): Citation[] {
  const results = objectsOf(answer["search_results"]);
  if (results.length > 0) {
    return results.flatMap((result): Citation[] => {
      const { url, title } = result;
      if (typeof url !== "string") return [];
      return [{ kind: "url", url, ...(typeof title === "string" ? { title } : {}) }];
    });
  }
  const citations = answer["citations"];
  if (!Array.isArray(citations)) return [];
  return citations.flatMap((url): Citation[] => (typeof url === "string" ? [{ kind: "url", url }] : []));
}

/** Where the text of a part stands in the content of its message, in UTF-16 units. */
export interface TextSpan {
  start: number;
  end: number;
}

/** A citation as an annotation of the content; null when a chat client has no form for it. Without offsets it stands for its whole part. */
export function encodeAnnotation(citation: Citation, span: TextSpan = { start: 0, end: 0 }): JsonValue | null {
  if (citation.native?.origin === "openai-chat" && isObject(citation.native.value)) return citation.native.value;
  if (citation.url === undefined) return null;
  const { start, end } = citation;
  return {
    type: "url_citation",
    url_citation: {
      start_index: start === undefined ? span.start : span.start + start,
      end_index: end === undefined ? span.end : span.start + end,
      title: citation.title ?? "",
      url: citation.url,
    },
  };
}
