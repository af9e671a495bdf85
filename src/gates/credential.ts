/** Where a credential stood; `query` is read on Gemini routes only, and never logged. */
export interface Credential {
  text: string;
  source: "authorization" | "x-api-key" | "x-goog-api-key" | "query";
}

/** Longest credential that is looked at: JWTs with many claims stay far below. */
const MAX_LENGTH = 8192;

/**
 * The credentials of a request: `Authorization: Bearer`, `x-api-key`, `x-goog-api-key`, and `?key=` where `query` is given, in that order;
 * any kind is good at any route, and the same one in two places counts once. Text that is too long or not printable ASCII is no credential
 * of ours and comes back as an empty text, which nothing matches.
 */
export function readCredentials(headers: Headers, query: string | null): Credential[] {
  const found: Credential[] = [];
  const add = (given: string | null | undefined, source: Credential["source"]): void => {
    if (given === null || given === undefined || given === "") return;
    const text = clean(given);
    if (!found.some((other) => other.text === text)) found.push({ text, source });
  };
  const authorization = headers.get("authorization");
  if (authorization !== null && /^bearer\s/i.test(authorization)) add(authorization.slice(7).trim(), "authorization");
  for (const source of ["x-api-key", "x-goog-api-key"] as const) add(headers.get(source)?.trim(), source);
  if (query !== null) add(new URLSearchParams(query).get("key"), "query");
  return found;
}

const clean = (text: string): string => (text.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(text) ? text : "");
