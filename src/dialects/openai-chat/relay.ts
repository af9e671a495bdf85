import type { Annotation, HeldFrame, OwnedFields, RelayContext, SplicedRequest } from "../dialect.ts";
import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { JsonScanError } from "../../wire/json-error.ts";
import { scanObject, type ScannedObject } from "../../wire/scan.ts";
import { appendFields, replaceNested, spliceFields } from "../../wire/splice.ts";
import { formatSse } from "../../wire/sse.ts";
import { dropPrefill } from "../shared/relay-prefill.ts";
import { annotateBody, annotationText } from "../shared/annotation.ts";
import { PATH } from "./encode-request.ts";
import { encodeUsage } from "./usage.ts";

const CAP_FIELDS = ["max_completion_tokens", "max_tokens"] as const;

/** The client's bytes with the fields that the gateway owns; parameters that the model or provider refuses are taken out, with a loss. */
export function spliceRequest(doc: ScannedObject, owned: OwnedFields, target: TargetFacts): SplicedRequest {
  const set: Record<string, string> = { model: JSON.stringify(owned.model) };
  const losses: Loss[] = [];
  const remove: string[] = [];
  const drop = (field: string, reason: string): void => {
    if ((!doc.fields.has(field) && set[field] === undefined) || remove.includes(field)) return;
    remove.push(field);
    delete set[field];
    if (doc.fields.has(field) && doc.value(field) !== null) losses.push({ field, reason, side: "request" });
  };
  spliceCap(doc, owned, target, set, remove);
  if (owned.serviceTier !== undefined) set["service_tier"] = JSON.stringify(owned.serviceTier);
  if (owned.includeUsage === true) set["stream_options"] = withUsage(doc);
  // A server that tells its usage unasked may not know the word.
  else if (!target.compat.stream_usage && doc.fields.has("stream_options")) remove.push("stream_options");
  if (!target.flags.sampling)
    for (const field of ["temperature", "top_p", "top_k"]) drop(field, "refused by this model");
  for (const field of target.compat.refuses) drop(field, "refused by this provider");
  const messages = dropPrefill(doc, "messages", target, isPrefill, losses);
  if (messages !== null) set["messages"] = messages;
  return { path: PATH, bytes: spliceFields(doc, { set, remove }), losses };
}

/** A call of tools at the end is broken, no beginning of an answer. */
const isPrefill = (message: JsonObject): boolean =>
  message["role"] === "assistant" && (message["tool_calls"] ?? null) === null;

/** The output cap goes where the client put its own, but under the name that the model takes. */
function spliceCap(
  doc: ScannedObject,
  owned: OwnedFields,
  target: TargetFacts,
  set: Record<string, string>,
  remove: string[],
): void {
  const { flags, compat } = target;
  const isRefused = (name: string): boolean =>
    compat.refuses.includes(name) || (flags.maxTokensField !== null && flags.maxTokensField !== name);
  const sent = CAP_FIELDS.find((name) => (doc.value(name) ?? null) !== null);
  const wanted = flags.maxTokensField ?? compat.max_tokens_field;
  const cap = owned.maxOutput ?? (sent !== undefined && isRefused(sent) ? doc.value(sent) : undefined);
  if (cap === undefined) return;
  const field = sent === undefined || isRefused(sent) ? wanted : sent;
  set[field] = JSON.stringify(cap);
  for (const name of CAP_FIELDS) if (name !== field && doc.fields.has(name)) remove.push(name);
}

/** The client's `stream_options`, with usage asked for. */
function withUsage(doc: ScannedObject): string {
  const field = doc.fields.get("stream_options");
  if (field === undefined || !isObject(doc.value("stream_options"))) return '{"include_usage":true}';
  const inner = scanObject(doc.bytes.subarray(field.valueStart, field.valueEnd));
  return Buffer.from(spliceFields(inner, { set: { include_usage: "true" } })).toString("utf8");
}

interface TailFrame {
  held: HeldFrame;
  /** Parsed data; null when the frame is `[DONE]` or no JSON. */
  chunk: JsonObject | null;
}

/**
 * The held frames with cost and extension. A client that asked for usage finds them where the usage is; else they go, with the usage, onto the
 * chunk that ends the answer, and the usage chunk that only we asked for is left out (a client may look at `choices[0]` of every chunk).
 */
export function annotateTail(held: readonly HeldFrame[], context: RelayContext, annotation: Annotation): Uint8Array[] {
  const frames = held.map((item): TailFrame => ({ held: item, chunk: parseChunk(item.frame.data) }));
  const usageAt = frames.findLastIndex(({ chunk }) => isObject(chunk?.["usage"]));
  const finishAt = frames.findLastIndex(({ chunk }) => chunk !== null && hasFinish(chunk));
  const annotated = context.includeUsage && usageAt >= 0 ? usageAt : finishAt >= 0 ? finishAt : lastChunk(frames);
  const isOurs = (index: number): boolean =>
    !context.includeUsage && index !== annotated && isUsageOnly(frames[index]?.chunk ?? null);
  return frames.flatMap(({ held: item }, index) => {
    if (isOurs(index)) return [];
    if (index !== annotated) return [item.raw];
    return [editFrame(item, (bytes) => annotateChunk(bytes, frames, usageAt, index, annotation))];
  });
}

function annotateChunk(
  bytes: Uint8Array,
  frames: readonly TailFrame[],
  usageAt: number,
  index: number,
  annotation: Annotation,
): Uint8Array {
  const fields = annotationText(annotation);
  const source = frames[usageAt];
  if (usageAt === index) return appendFields(bytes, fields);
  if (source !== undefined) return appendFields(replaceNested(bytes, ["usage"], usageText(source)), fields);
  if (fields === "") return bytes;
  // The provider told no usage: the client gets what was counted.
  return appendFields(replaceNested(bytes, ["usage"], JSON.stringify(encodeUsage(annotation.usage))), fields);
}

/** The usage as its provider wrote it; out of a frame that isn't fit to be cut (a field twice), as it was read. */
function usageText(frame: TailFrame): string {
  try {
    const doc = scanObject(Buffer.from(frame.held.frame.data));
    const field = doc.fields.get("usage");
    if (field === undefined) return "null";
    return Buffer.from(doc.bytes.subarray(field.valueStart, field.valueEnd)).toString("utf8");
  } catch (error) {
    if (error instanceof JsonScanError) return JSON.stringify(frame.chunk?.["usage"] ?? null);
    throw error;
  }
}

/** Edits the JSON of a frame where it stands in its bytes; a frame whose data was spread over several lines is written anew. */
function editFrame(item: HeldFrame, edit: (json: Uint8Array) => Uint8Array): Uint8Array {
  const data = Buffer.from(item.frame.data);
  const raw = Buffer.from(item.raw.buffer, item.raw.byteOffset, item.raw.byteLength);
  const edited = edit(data);
  const at = raw.indexOf(data);
  if (at < 0)
    return Buffer.from(formatSse(item.frame.event, Buffer.from(edited).toString("utf8").replaceAll("\n", "")));
  return Buffer.concat([raw.subarray(0, at), edited, raw.subarray(at + data.length)]);
}

function parseChunk(data: string): JsonObject | null {
  if (!data.startsWith("{")) return null;
  const value: unknown = JSON.parse(data);
  return isObject(value) ? value : null;
}

function hasFinish(chunk: JsonObject): boolean {
  const choices = chunk["choices"];
  if (!Array.isArray(choices)) return false;
  return choices.some(
    (choice) => isObject(choice) && typeof choice["finish_reason"] === "string" && choice["finish_reason"] !== "",
  );
}

function isUsageOnly(chunk: JsonObject | null): boolean {
  if (chunk === null || !isObject(chunk["usage"])) return false;
  const choices = chunk["choices"];
  return !Array.isArray(choices) || choices.length === 0;
}

function lastChunk(frames: readonly TailFrame[]): number {
  return frames.findLastIndex(({ chunk }) => chunk !== null);
}

/** A completion's bytes with cost and extension as its last fields, and with the usage that was counted where the provider told none. */
export function annotateAnswer(bytes: Uint8Array, annotation: Annotation): Uint8Array {
  const isCounted = annotation.extension?.["usage_source"] === "counted";
  const usage = (): string => JSON.stringify(encodeUsage(annotation.usage));
  return annotateBody(isCounted ? replaceNested(bytes, ["usage"], usage()) : bytes, annotation);
}
