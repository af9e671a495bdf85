import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";

const REALM = /"realm":"([A-Za-z0-9_.:-]{1,64})"/g;

/**
 * Realm of the newest envelope in a body, read without checking the envelope: a hint for routing, never a reason to trust it. Null when
 * it can't be read.
 */
export function envelopeRealm(bytes: Uint8Array): string | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = buffer.lastIndexOf(ENVELOPE_PREFIX);
  if (start < 0) return null;
  const end = buffer.indexOf('"', start);
  const text = buffer.toString("latin1", start + ENVELOPE_PREFIX.length, end < 0 ? buffer.length : end);
  return Buffer.from(text, "base64url").toString("latin1").matchAll(REALM).toArray().at(-1)?.[1] ?? null;
}
