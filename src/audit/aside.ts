import { randomBytes } from "node:crypto";
import type { AuditRecordInput } from "../ledger/types.ts";
import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";

/** What a client may have written into its call: the name it asked a model by, and paths into its request. */
export interface AsideTexts {
  modelAsked: JsonValue;
  losses: JsonValue;
}

/**
 * Texts of clients stand beside the chain, which holds their salted digests: when an account is erased, texts and salts go, and the chain can still be
 * proved. Without the salt nobody can find a text by trying.
 */
export interface Aside {
  /** For the column beside the record: salt and texts, JSON. */
  text: string;
  /** What stands in the record instead. */
  digests: AsideTexts;
}

/** Null when the client wrote nothing of its own: it asked for the model by the id that it was served by, and nothing was lost. */
export function asideOf({ modelAsked, modelServed, losses }: AuditRecordInput): Aside | null {
  if (modelAsked === modelServed && losses.length === 0) return null;
  const salt = randomBytes(16).toString("hex");
  const own = modelAsked !== null && modelAsked !== modelServed;
  const digests = {
    modelAsked: own ? digest(salt, modelAsked) : modelAsked,
    losses: losses.length === 0 ? [] : digest(salt, losses),
  };
  const told = { salt, ...(own ? { model_asked: modelAsked } : {}), ...(losses.length === 0 ? {} : { losses }) };
  return own || losses.length > 0 ? { text: JSON.stringify(told), digests } : null;
}

/** `sha256:` and the hex digest of salt and text. */
function digest(salt: string, value: JsonValue): string {
  const hash = new Uint8Array(32);
  Bun.SHA256.hash(`${salt}\n${JSON.stringify(value)}`, hash);
  return `sha256:${hash.toHex()}`;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const isDigest = (value: JsonValue): boolean => typeof value === "string" && DIGEST.test(value);

/** The texts again where they are still there; else the digest of the name, and no losses, which are a list. Throws SyntaxError on damaged text. */
export function withTexts(stored: AsideTexts, aside: string | null): AsideTexts {
  if (aside === null) return { ...stored, losses: isDigest(stored.losses) ? [] : stored.losses };
  const told = JSON.parse(aside) as JsonObject;
  return { modelAsked: told["model_asked"] ?? stored.modelAsked, losses: told["losses"] ?? stored.losses };
}

/** What is wrong with the texts beside a record, in words; null = nothing. They may be gone, but not be others. */
export function asideFault(stored: AsideTexts, aside: string | null): "gone" | "altered" | null {
  const hidden = isDigest(stored.modelAsked) || isDigest(stored.losses);
  if (aside === null) return hidden ? "gone" : null;
  const told = parsed(aside);
  if (told === null) return "altered";
  const { salt, model_asked: modelAsked, losses } = told;
  const fits = (value: JsonValue | undefined, inRecord: JsonValue): boolean =>
    value === undefined ? !isDigest(inRecord) : digest(String(salt), value) === inRecord;
  return fits(modelAsked, stored.modelAsked) && fits(losses, stored.losses) ? null : "altered";
}

function parsed(aside: string): JsonObject | null {
  try {
    const told: unknown = JSON.parse(aside);
    return isObject(told) ? told : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
