/** Where a credential stood; `query` is read on Gemini routes only, and never logged. */
export interface Credential {
  text: string;
  source: "authorization" | "x-api-key" | "x-goog-api-key" | "query";
}

/** Longest credential that is looked at: JWTs with many claims stay far below. */
const MAX_LENGTH = 8192;

/**
 * The credential of a request: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`, and `?key=` where `query` is given, in that order;
 * any kind is good at any route. Null when there is none. Text that is too long or not printable ASCII is no credential of ours and
 * comes back as an empty text, which nothing matches.
 */
export function readCredential(headers: Headers, query: string | null): Credential | null {
  const authorization = headers.get("authorization");
  if (authorization !== null && /^bearer\s/i.test(authorization)) {
    const text = authorization.slice(7).trim();
    if (text !== "") return { text: clean(text), source: "authorization" };
  }
  for (const source of ["x-api-key", "x-goog-api-key"] as const) {
    const text = headers.get(source)?.trim();
    if (text !== undefined && text !== "") return { text: clean(text), source };
  }
  const key = query === null ? null : new URLSearchParams(query).get("key");
  if (key !== null && key !== "") return { text: clean(key), source: "query" };
  return null;
}

const clean = (text: string): string => (text.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(text) ? text : "");
