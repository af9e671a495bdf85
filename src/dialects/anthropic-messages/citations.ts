import type { Citation } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** The source of a search result is any string of the client's; often, but not always, a URL. */
const webAddress = (value: JsonValue | undefined): string | undefined => {
  const source = text(value);
  return source !== undefined && /^https?:\/\//i.test(source) ? source : undefined;
};

/**
 * One Anthropic citation. `claim` is the text of its block: the API cites a whole text block, so the offsets are those of the block.
 * A web result without its encrypted index was never Anthropic's (see `encodeCitation`) and has no native form.
 */
export function decodeCitation(value: JsonObject, claim: string): Citation {
  const web = value.type === "web_search_result_location";
  const foreign = web && text(value.encrypted_index) === undefined;
  return {
    kind: web ? "url" : value.type === "search_result_location" ? "search-result" : "document",
    ...optional("url", text(value.url) ?? webAddress(value.source)),
    ...optional("title", text(value.title) ?? text(value.document_title)),
    ...optional("quotedText", text(value.cited_text)),
    ...optional("fileId", text(value.file_id)),
    start: 0,
    end: claim.length,
    ...(foreign ? {} : { native: { origin: "anthropic-messages", value } }),
  };
}

/** Citations of a wire text block; anything that isn't an object is left out. */
export function decodeCitations(value: JsonValue | undefined, claim: string): Citation[] {
  return Array.isArray(value) ? value.filter(isObject).map((item) => decodeCitation(item, claim)) : [];
}

/**
 * A citation in Anthropic's form, or null when it has none. Own ones go verbatim; web sources of other dialects become a web search
 * result without encrypted index. Places inside documents can't be told: other dialects don't number the documents of a request.
 */
export function encodeCitation(citation: Citation, claim: string): JsonObject | null {
  if (citation.native?.origin === "anthropic-messages" && isObject(citation.native.value)) return citation.native.value;
  if (citation.url === undefined) return null;
  return {
    type: "web_search_result_location",
    url: citation.url,
    title: citation.title ?? null,
    cited_text: citation.quotedText ?? claim.slice(citation.start ?? 0, citation.end ?? claim.length),
    encrypted_index: "",
  };
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: string });
}
