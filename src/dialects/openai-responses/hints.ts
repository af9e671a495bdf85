import type { Hints, InputBound, PriceField, ProviderReference, RequestSignals, RouteFacts } from "../dialect.ts";
import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import type { Capability } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import {
  isAbsent,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalObject,
  optionalString,
  readName,
  type Wire,
} from "../shared/fields.ts";
import { peekEnvelopeRealm } from "../shared/envelope.ts";
import { boundInput } from "../shared/input-media.ts";
import { contentText, type Said, signalsOf, speakerOf } from "../shared/signals.ts";
import { findMedia } from "./input-bound.ts";
import { priceFields, references } from "./price-fields.ts";

/**
 * What routing, limits and the hold need of a request, from its scanned bytes: only the fields that decide are parsed. Throws 400 naming
 * the field when one of those has the wrong type.
 */
export function readHints(doc: ScannedObject, _route: RouteFacts): Hints {
  const field = (name: string): Wire => doc.value(name) as Wire;
  const model = isAbsent(field("model")) ? null : readName(field("model"), "model");
  const tools = (optionalArray(field("tools"), "tools") ?? []).filter(isObject);
  const media = findMedia(doc);
  const input: InputBound = boundInput(doc, media);
  const prices: PriceField[] = priceFields(field, tools);
  const owned: ProviderReference[] = references(field, media.references);
  return {
    model,
    stream: optionalBoolean(field("stream"), "stream") ?? false,
    maxOutput: optionalInteger(field("max_output_tokens"), "max_output_tokens", 1, Number.MAX_SAFE_INTEGER) ?? null,
    n: 1,
    needs: needsOf(field, tools, input),
    input,
    includeUsage: true,
    priceFields: prices,
    references: owned,
    toolLoop: endsInToolOutput(doc),
    sealRealm: doc.includes(ENVELOPE_PREFIX) ? peekEnvelopeRealm(doc.bytes) : null,
    signals: () => responsesSignals(doc, tools.length),
  };
}

function needsOf(field: (name: string) => Wire, tools: JsonObject[], input: InputBound): ReadonlySet<Capability> {
  const needs = new Set<Capability>();
  if (tools.some((tool) => tool["type"] === "function" || tool["type"] === "custom" || tool["type"] === "namespace")) {
    needs.add("tools");
  }
  if (input.images > 0) needs.add("images");
  if (input.audioBytes > 0) needs.add("audio");
  if (input.documentBytes > 0) needs.add("documents");
  const text = optionalObject(field("text"), "text") ?? {};
  const format = optionalObject(text["format"], "text.format") ?? {};
  if (format["type"] === "json_schema") needs.add("json_schema");
  if (format["type"] === "json_object") needs.add("json_object");
  const effort = reasoningEffort(field("reasoning"));
  if (effort !== null && effort !== "none") needs.add("reasoning");
  const include = optionalArray(field("include"), "include") ?? [];
  const top = optionalInteger(field("top_logprobs"), "top_logprobs", 0, 20) ?? 0;
  if (top > 0 || include.includes("message.output_text.logprobs")) needs.add("logprobs");
  return needs;
}

function reasoningEffort(value: Wire): string | null {
  return optionalString((optionalObject(value, "reasoning") ?? {})["effort"], "reasoning.effort") ?? null;
}

/** The conversation ends in the output of a tool: a loop is running. */
function endsInToolOutput(doc: ScannedObject): boolean {
  if (!doc.includes("_output")) return false;
  const input = doc.value("input");
  const last: unknown = Array.isArray(input) ? input.at(-1) : undefined;
  return isObject(last) && typeof last["type"] === "string" && last["type"].endsWith("_output");
}

function responsesSignals(doc: ScannedObject, tools: number): RequestSignals {
  const input = doc.value("input") as Wire;
  const items: JsonValue[] =
    typeof input === "string" ? [{ role: "user", content: input }] : Array.isArray(input) ? input : [];
  const said = items
    .filter(isObject)
    .map(({ role, content }): Said => ({ by: speakerOf(role), text: contentText(content) }));
  const instructions = contentText(doc.value("instructions") as Wire);
  const reasoning = reasoningEffort(doc.value("reasoning") as Wire);
  return signalsOf([{ by: "instructions", text: instructions }, ...said], { tools, reasoningEffort: reasoning });
}
