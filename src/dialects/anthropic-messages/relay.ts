import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { appendFields, spliceFields } from "../../wire/splice.ts";
import type { Annotation, HeldFrame, OwnedFields, RouteFacts, SplicedRequest } from "../dialect.ts";
import { annotationText } from "../shared/annotation.ts";
import { relayPrefill } from "./relay-prefill.ts";
import { relayThinking } from "./relay-thinking.ts";
import { API_VERSION, COUNT_PATH, MESSAGES_PATH } from "./wire-names.ts";

const SAMPLING_FIELDS = ["temperature", "top_p", "top_k"];

/** The client's bytes with model, output cap, tier and refused parameters spliced; version and betas are the client's own. */
export function spliceRequest(
  doc: ScannedObject,
  owned: OwnedFields,
  route: RouteFacts,
  target: TargetFacts,
): SplicedRequest {
  const losses: Loss[] = [];
  const set: Record<string, string> = {};
  if (doc.value("model") !== owned.model) set.model = JSON.stringify(owned.model);
  if (owned.maxOutput !== undefined) set.max_tokens = String(owned.maxOutput);
  if (owned.serviceTier !== undefined) set.service_tier = JSON.stringify(owned.serviceTier);
  const remove: string[] = [];
  const drop = (names: readonly string[], reason: string): void => {
    for (const name of names) {
      if (!doc.fields.has(name)) continue;
      remove.push(name);
      losses.push({ field: name, reason, side: "request" });
    }
  };
  if (!target.flags.sampling) drop(SAMPLING_FIELDS, "refused by this model");
  drop(target.compat.refuses, "refused by this provider");
  const edits = { set, remove, losses };
  relayThinking(doc, owned, target, edits);
  relayPrefill(doc, target, edits);
  return {
    path: MESSAGES_PATH,
    headers: relayHeaders(route),
    bytes: spliceFields(doc, { set, remove }),
    losses,
  };
}

/** The same for count_tokens: only the model is ours. */
export function spliceCountRequest(doc: ScannedObject, model: string, route: RouteFacts): SplicedRequest {
  const set: Record<string, string> = doc.value("model") === model ? {} : { model: JSON.stringify(model) };
  return { path: COUNT_PATH, headers: relayHeaders(route), bytes: spliceFields(doc, { set }), losses: [] };
}

function relayHeaders(route: RouteFacts): Record<string, string> {
  const beta = route.headers["anthropic-beta"];
  return {
    "anthropic-version": route.headers["anthropic-version"] ?? API_VERSION,
    ...(beta === undefined ? {} : { "anthropic-beta": beta }),
  };
}

/** The held frames with the annotation in the last `message_delta`; all other bytes as they came. */
export function annotateTail(held: HeldFrame[], annotation: Annotation): Uint8Array[] {
  const last = held.findLastIndex((item) => frameType(item) === "message_delta");
  const text = annotationText(annotation);
  return held.map((item, index) => (index === last ? appendFields(item.raw, text) : item.raw));
}

function frameType(item: HeldFrame): string | null {
  return item.frame.event ?? /"type"\s*:\s*"(message_[a-z]+)"/.exec(item.frame.data)?.[1] ?? null;
}
