import type { DialectId } from "./dialect-id.ts";

/**
 * Opaque reasoning state that a provider minted and wants back unchanged: Anthropic `signature` and redacted thinking,
 * OpenAI `encrypted_content`, Gemini `thoughtSignature`. Any part may carry one.
 */
export interface Seal {
  origin: DialectId;
  /** Which wire field it came in, so that the minter gets it back in the same one. */
  kind: "signature" | "redacted" | "encrypted" | "thought-signature";
  /** Provider name of the catalog. */
  provider: string;
  /** The provider's organisation, which is what mints it: the same realm accepts it whatever the provider row is called. */
  realm: string;
  /** Upstream model id. */
  model: string;
  /** Verbatim. */
  value: string;
  /** Provider-side item id that belongs to it (Responses `rs_…`), when there is one. */
  itemId?: string;
}

/** What travels in an envelope through a client of another dialect. `text` is the sealed part's own text where the client has no field for it. */
export interface SealedPayload {
  seals: SealedPart[];
}
export interface SealedPart {
  seal: Seal;
  /** Which part it belongs to: a reasoning part of its own, or the part that follows / precedes / carries the envelope. */
  attach: "self" | "next" | "previous" | "carrier";
  text?: string;
}

export type OpenedEnvelope =
  | { kind: "plain" }
  | { kind: "opened"; payload: SealedPayload }
  | { kind: "forged"; reason: string };

/**
 * Wraps and opens envelopes: versioned, authenticated (bound to the account), deterministic, so that the same payload always gives
 * the same bytes and upstream prompt caches keep hitting. The text is base64url without padding, `[A-Za-z0-9_-]`, behind `tgs1_`.
 */
export interface SealBox {
  wrap(payload: SealedPayload): string;
  /** `plain` when the text is no envelope of ours; `forged` when it claims to be one and fails authentication or decoding. */
  open(text: string): OpenedEnvelope;
}
