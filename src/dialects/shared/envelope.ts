import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";

const REALM = /"realm":"([A-Za-z0-9_.:-]{1,64})"/g;
/** No envelope is longer; what follows further on is not looked at. */
const MAX_PEEK = 1024 * 1024;

/** `call_1tgs1_…` → the id that the provider gave, and the envelope behind it. Every client echoes ids, so sealed calls carry their seals there. */
export function splitEnvelope(id: string): { id: string; envelope: string | null } {
  const at = id.lastIndexOf(ENVELOPE_PREFIX);
  return at <= 0 ? { id, envelope: null } : { id: id.slice(0, at), envelope: id.slice(at) };
}

/** Realm of the last seal in an envelope, read without checking it: a hint for routing, never a reason to trust it. Null when it can't be read. */
export function envelopeRealm(envelope: string): string | null {
  const text = envelope.slice(ENVELOPE_PREFIX.length, MAX_PEEK);
  return Buffer.from(text, "base64url").toString("latin1").matchAll(REALM).toArray().at(-1)?.[1] ?? null;
}

/** The same for the newest envelope in a body, wherever it stands. */
export function peekEnvelopeRealm(bytes: Uint8Array): string | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = buffer.lastIndexOf(ENVELOPE_PREFIX);
  if (start < 0) return null;
  const end = buffer.indexOf('"', start);
  return envelopeRealm(buffer.toString("latin1", start, Math.min(end < 0 ? buffer.length : end, start + MAX_PEEK)));
}
