import { createHmac, timingSafeEqual } from "node:crypto";
import type { OpenedEnvelope, SealBox, SealedPayload } from "./seal.ts";

/** Every envelope begins with this; provider tool ids allow only `[A-Za-z0-9_-]`, so the whole text keeps to that alphabet. */
export const ENVELOPE_PREFIX = "tgs1_";
const MAC_BYTES = 16;

/**
 * Envelopes authenticated with `key` (32 bytes) and bound to `scope` (the account id): an envelope of one account does not open for another.
 * Deterministic: no nonce, because equal conversations must encode to equal bytes. Authenticated, not encrypted: what it holds
 * was opaque when the provider minted it.
 */
export function createSealBox(key: Uint8Array, scope: string): SealBox {
  const mac = (body: Uint8Array): Uint8Array =>
    createHmac("sha256", key).update(`${ENVELOPE_PREFIX}${scope}\n`).update(body).digest().subarray(0, MAC_BYTES);
  return {
    wrap(payload: SealedPayload): string {
      const body = Buffer.from(JSON.stringify(payload.seals));
      return ENVELOPE_PREFIX + Buffer.concat([mac(body), body]).toString("base64url");
    },
    open(text: string): OpenedEnvelope {
      if (!text.startsWith(ENVELOPE_PREFIX)) return { kind: "plain" };
      const bytes = Buffer.from(text.slice(ENVELOPE_PREFIX.length), "base64url");
      if (bytes.length <= MAC_BYTES) return { kind: "forged", reason: "truncated envelope" };
      const body = bytes.subarray(MAC_BYTES);
      if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), mac(body))) {
        return { kind: "forged", reason: "envelope failed authentication" };
      }
      // The MAC covers the text: what authenticates was written by wrap.
      return { kind: "opened", payload: { seals: JSON.parse(body.toString("utf8")) as SealedPayload["seals"] } };
    },
  };
}
