import type { Annotation, HeldFrame, OwnedFields, RouteFacts, SplicedRequest } from "../dialect.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject } from "../../lib/json.ts";
import { scanObject, type ScannedObject } from "../../wire/scan.ts";
import { appendFields, type FieldEdits, spliceFields } from "../../wire/splice.ts";
import { wireTier } from "./encode-request.ts";
import { modelName, modelPath } from "./model-name.ts";
import { annotationText } from "../shared/annotation.ts";
import { dropPrefill } from "../shared/relay-prefill.ts";
import { spelling } from "./proto.ts";
import { relayThinking } from "./relay-thinking.ts";

/** The client's bytes for a provider of this dialect: the model goes into the path, an output cap into generationConfig, all else stays. */
export function spliceRequest(
  doc: ScannedObject,
  owned: OwnedFields,
  route: RouteFacts,
  target: TargetFacts,
): SplicedRequest {
  const losses: Loss[] = [];
  const has = (name: string): boolean => doc.fields.has(name);
  const set: Record<string, string> = {};
  const remove = refusedFields(doc, target.compat.refuses, losses);
  const isStream = route.stream === true;
  const path = modelPath(owned.model, isStream ? "streamGenerateContent" : "generateContent");
  if (has("model")) set.model = JSON.stringify(modelName(owned.model));
  const tier = owned.serviceTier === undefined ? undefined : wireTier(owned.serviceTier);
  if (tier !== undefined) set[spelling(has, "serviceTier")] = JSON.stringify(tier);
  const configName = spelling(has, "generationConfig");
  const config = spliceConfig(doc, configName, owned, target, losses);
  if (config !== null) set[configName] = config;
  const contents = dropPrefill(doc, "contents", target, (content) => content.role === "model", losses);
  if (contents !== null) set.contents = contents;
  return {
    path,
    ...(isStream && route.sse ? { query: { alt: "sse" } } : {}),
    bytes: spliceFields(doc, { set, remove }),
    losses,
  };
}

/** JSON text of the changed generationConfig; null when it stays as it is. */
function spliceConfig(
  doc: ScannedObject,
  name: string,
  owned: OwnedFields,
  target: TargetFacts,
  losses: Loss[],
): string | null {
  const cap = owned.maxOutput;
  const field = doc.fields.get(name);
  if (field === undefined || !isObject(doc.value(name))) {
    return cap === undefined ? null : `{"maxOutputTokens":${cap}}`;
  }
  const inner = scanObject(doc.bytes.subarray(field.valueStart, field.valueEnd));
  const refused = target.flags.sampling
    ? target.compat.refuses
    : [...target.compat.refuses, "temperature", "topP", "topK"];
  const edits: FieldEdits = { remove: refusedFields(inner, refused, losses) };
  edits.set = {};
  if (cap !== undefined) edits.set[spelling((key) => inner.fields.has(key), "maxOutputTokens")] = String(cap);
  const thinking = relayThinking(inner, target, losses);
  if (thinking !== null) edits.set[thinking.name] = thinking.text;
  const bytes = spliceFields(inner, edits);
  return bytes === inner.bytes ? null : Buffer.from(bytes).toString("utf8");
}

/** Fields of the object that the provider refuses, in either spelling, each a loss. */
function refusedFields(doc: ScannedObject, refuses: readonly string[], losses: Loss[]): string[] {
  const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();
  const refused = new Set(refuses.map(plain));
  const found = [...doc.fields.keys()].filter((name) => refused.has(plain(name)));
  for (const field of found) losses.push({ field, reason: "the model refuses it", side: "request" });
  return found;
}

/** The held frames with the annotation in the last chunk. The bracket that closes an array is a frame of its own and stays behind it. */
export function annotateTail(held: readonly HeldFrame[], annotation: Annotation): Uint8Array[] {
  const fields = annotationText(annotation);
  const last = held.findLastIndex((item) => item.frame.data !== "");
  return held.map((item, index) => (index === last ? appendFields(item.raw, fields) : item.raw));
}
