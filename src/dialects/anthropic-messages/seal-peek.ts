import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import { isObject, type JsonValue } from "../../lib/json.ts";

/** Bytes of authentication before an envelope's JSON (ir/seal-box.ts). */
const MAC_BYTES = 16;

/**
 * The realm that an envelope in `text` claims, unauthenticated: a preference for routing and nothing else. Null when there is no
 * envelope or it can't be read.
 */
export function peekRealm(text: JsonValue | undefined): string | null {
  if (typeof text !== "string") return null;
  const at = text.lastIndexOf(ENVELOPE_PREFIX);
  if (at < 0) return null;
  const bytes = Buffer.from(text.slice(at + ENVELOPE_PREFIX.length), "base64url").subarray(MAC_BYTES);
  const seals = parseOrNull(bytes.toString("utf8"));
  const last = Array.isArray(seals) ? seals.at(-1) : null;
  const seal = isObject(last) ? last.seal : null;
  return isObject(seal) && typeof seal.realm === "string" ? seal.realm : null;
}

function parseOrNull(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}
