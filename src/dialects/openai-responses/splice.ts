import type { Annotation, HeldFrame, OwnedFields, SplicedRequest } from "../dialect.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { annotationText } from "../shared/annotation.ts";
import { dropPrefill } from "../shared/relay-prefill.ts";
import { isAnswer } from "./encode-input.ts";
import { appendNestedFields, spliceFields } from "../../wire/splice.ts";
import type { ScannedObject } from "../../wire/scan.ts";

const PATH = "/responses";
const END_EVENT = /"type"\s*:\s*"response\.(completed|incomplete)"/;

/** The client's bytes with the fields that the gateway owns; parameters that the model or provider refuses are taken out, with a loss. */
export function spliceRequest(doc: ScannedObject, owned: OwnedFields, target: TargetFacts): SplicedRequest {
  const set: Record<string, string> = { model: JSON.stringify(owned.model) };
  if (owned.maxOutput !== undefined) set["max_output_tokens"] = String(owned.maxOutput);
  if (owned.store !== undefined) set["store"] = String(owned.store);
  if (owned.serviceTier !== undefined) set["service_tier"] = JSON.stringify(owned.serviceTier);
  const losses: Loss[] = [];
  const remove: string[] = [];
  const drop = (field: string, reason: string): void => {
    if (!doc.fields.has(field) || remove.includes(field)) return;
    remove.push(field);
    delete set[field];
    if (doc.value(field) !== null) losses.push({ field, reason, side: "request" });
  };
  if (!target.flags.sampling) for (const field of ["temperature", "top_p"]) drop(field, "refused by this model");
  for (const field of target.compat.refuses) drop(field, "refused by this provider");
  const input = dropPrefill(doc, "input", target, isAnswer, losses);
  if (input !== null) set["input"] = input;
  return { path: PATH, bytes: spliceFields(doc, { set, remove }), losses };
}

/** The held frames, with cost and extension inside the `response` of the final event and everything else as received. */
export function annotateTail(held: readonly HeldFrame[], annotation: Annotation): Uint8Array[] {
  const fields = annotationText(annotation);
  const last = held.findLastIndex((item) => END_EVENT.test(item.frame.data));
  return held.map((item, index) =>
    index === last && fields !== "" ? appendNestedFields(item.raw, ["response"], fields) : item.raw,
  );
}
