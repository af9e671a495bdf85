import type { AnswerContext } from "../dialect.ts";
import type { NativeValue, ToolKind } from "../../ir/events.ts";
import type { Seal, SealedPart } from "../../ir/seal.ts";
import { isObject, type JsonObject, tryJson } from "../../lib/json.ts";
import { wrapCustomInput } from "../shared/custom-tool.ts";
import { envelopeSignature } from "./signature.ts";
import { toolTypeOf } from "./tool-names.ts";

/** A tool call of an answer, complete. */
export interface FinishedCall {
  kind: ToolKind;
  id: string;
  name: string;
  arguments: string;
}

/**
 * `thoughtSignature` for a part: a seal of this dialect verbatim, others in an envelope. `recall` are reasoning parts of the same answer that
 * the client may not give back itself: they ride along on function calls, which every client returns.
 */
export function signatureOf(
  seals: readonly Seal[],
  recall: readonly SealedPart[],
  context: AnswerContext,
): { thoughtSignature?: string } {
  const own = seals.findLast((seal) => seal.origin === "gemini");
  if (own !== undefined) return { thoughtSignature: own.value };
  const carried = seals.map((seal): SealedPart => ({ seal, attach: "carrier" }));
  const all = [...recall, ...carried];
  return all.length === 0 ? {} : { thoughtSignature: envelopeSignature(context.seals, all) };
}

/** Sealed reasoning of another dialect as a later function call carries it, with its text, since the client may have no field for either. */
export function recallOf(seals: readonly Seal[], text: string): SealedPart[] {
  return seals
    .filter((seal) => seal.origin !== "gemini")
    .map((seal): SealedPart => ({ seal, attach: "previous", ...(text === "" ? {} : { text }) }));
}

/** A client function call; null when the arguments are not a JSON object, which happens when an answer was cut. */
export function functionCallPart(call: FinishedCall): JsonObject | null {
  const text = call.kind === "custom" ? wrapCustomInput(call.arguments) : call.arguments;
  const args = text.trim() === "" ? {} : parsedObject(text);
  return args === null ? null : { functionCall: { id: call.id, name: call.name, args } };
}

/** A hosted tool's call, as it came over this wire. */
export function serverCallPart(call: FinishedCall): JsonObject {
  const args = parsedObject(call.arguments) ?? {};
  if (call.name === "code_execution") return { executableCode: { ...args, id: call.id } };
  return { toolCall: { toolType: toolTypeOf(call.name), args, id: call.id } };
}

/** A part that came over this wire; null when it is another dialect's. */
export function nativePart(native: NativeValue): JsonObject | null {
  return native.origin === "gemini" && isObject(native.value) ? native.value : null;
}

function parsedObject(text: string): JsonObject | null {
  const value = tryJson(text);
  return isObject(value) ? value : null;
}
