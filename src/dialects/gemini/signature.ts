import type { Seal, SealBox, SealedPart } from "../../ir/seal.ts";
import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import { envelopeRealm } from "../shared/envelope.ts";
import { decodeText, encodeText } from "./base64.ts";

/**
 * Values that a client may send in place of a signature it doesn't have. They switch the check off and carry no state: nothing is lost when
 * they don't go to another dialect. https://ai.google.dev/gemini-api/docs/thought-signatures (FAQ), the first one is also gemini-cli's.
 */
const DUMMY_SIGNATURES: readonly string[] = [
  "skip_thought_signature_validator",
  "context_engineering_is_the_way_to_go",
];

/** Put on function calls whose signature is not at hand, since Gemini 3 answers 400 without one. */
export const SKIP_SIGNATURE = "skip_thought_signature_validator";

/**
 * What every envelope's base64 begins with on this wire. `thoughtSignature` is a bytes field: Google's SDKs decode and encode it again,
 * some in the standard alphabet only (Go), some into the URL-safe one (Python), so the envelope travels as base64 of its text.
 */
export const WIRE_ENVELOPE_PREFIX: string = encodeText(ENVELOPE_PREFIX).slice(0, 6);

export type Signature =
  | { kind: "none" }
  | { kind: "seal"; seal: Seal }
  | { kind: "envelope"; seals: SealedPart[] }
  | { kind: "forged"; reason: string };

/** Reads a client's `thoughtSignature`: a provider's own, an envelope of ours, or a dummy that carries nothing. */
export function readSignature(text: string, seals: SealBox): Signature {
  if (text === "" || DUMMY_SIGNATURES.includes(text)) return { kind: "none" };
  if (text.startsWith(WIRE_ENVELOPE_PREFIX) || text.startsWith(ENVELOPE_PREFIX)) {
    const envelope = text.startsWith(ENVELOPE_PREFIX) ? text : decodeText(text);
    const opened = seals.open(envelope);
    if (opened.kind === "opened") return { kind: "envelope", seals: opened.payload.seals };
    if (opened.kind === "forged") return { kind: "forged", reason: opened.reason };
  }
  return { kind: "seal", seal: ownSeal(text) };
}

/** A client of this dialect holds bare signatures of Google only: everything else went out in an envelope. */
function ownSeal(value: string): Seal {
  return { origin: "gemini", kind: "thought-signature", provider: "google", realm: "google", model: "", value };
}

/** An envelope as the bytes field takes it. */
export function envelopeSignature(seals: SealBox, parts: SealedPart[]): string {
  return encodeText(seals.wrap({ seals: parts }));
}

/** Realm that minted what a client's `thoughtSignature` holds, for routing only: an envelope is read without being checked. Null = can't be told. */
export function peekRealm(text: string): string | null {
  if (text === "" || DUMMY_SIGNATURES.includes(text)) return null;
  if (!text.startsWith(WIRE_ENVELOPE_PREFIX)) return "google";
  return envelopeRealm(decodeText(text));
}
