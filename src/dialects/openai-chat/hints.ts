import type { Hints, InputBound, RequestSignals } from "../dialect.ts";
import { invalidRequest } from "../../ir/error.ts";
import { ENVELOPE_PREFIX } from "../../ir/seal-box.ts";
import type { Capability } from "../../ir/target.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { skipSpace } from "../../wire/json-grammar.ts";
import { peekEnvelopeRealm } from "../shared/envelope.ts";
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
import { boundInput } from "../shared/input-media.ts";
import { contentText, signalsOf, speakerOf } from "../shared/signals.ts";
import { findMedia } from "./input-bound.ts";
import { priceFields, references } from "./price-fields.ts";
import { decodeReasoning, REASONING_FIELDS } from "./reasoning-request.ts";
import { readMaxOutput } from "./request.ts";
import { objectsOf } from "../shared/wire-values.ts";

type Fields = (name: string) => Wire;

/**
 * What routing, limits and the hold need of a request, from its scanned bytes: only the fields that decide are parsed. Throws 400 naming
 * the field when one of those has the wrong type.
 */
export function readHints(doc: ScannedObject): Hints {
  const field: Fields = (name) => doc.value(name) as Wire;
  requireMessages(doc);
  const model = isAbsent(field("model")) ? null : readName(field("model"), "model");
  const media = findMedia(doc);
  const input = boundInput(doc, media);
  const n = optionalInteger(field("n"), "n", 1, 128) ?? 1;
  const options = optionalObject(field("stream_options"), "stream_options");
  const caps = { max_completion_tokens: field("max_completion_tokens"), max_tokens: field("max_tokens") };
  return {
    model,
    stream: optionalBoolean(field("stream"), "stream") ?? false,
    maxOutput: readMaxOutput(caps),
    n,
    needs: needsOf(field, input, n),
    input,
    includeUsage: optionalBoolean(options?.["include_usage"], "stream_options.include_usage") ?? false,
    priceFields: priceFields(field, media),
    references: references(field, media),
    toolLoop: endsInResult(doc),
    sealRealm: doc.includes(ENVELOPE_PREFIX) ? peekEnvelopeRealm(doc.bytes) : null,
    signals: () => chatSignals(doc),
  };
}

/** A conversation without messages is refused here, since a relay never decodes it. Told by the bytes, without parsing. */
function requireMessages(doc: ScannedObject): void {
  const range = doc.fields.get("messages");
  if (range === undefined) throw invalidRequest("messages", "messages: is required");
  if (doc.bytes[range.valueStart] !== 0x5b) throw invalidRequest("messages", "messages: expected an array of messages");
  const isEmpty = skipSpace(doc.bytes, range.valueStart + 1) === range.valueEnd - 1;
  if (isEmpty) throw invalidRequest("messages", "messages: at least one message is required");
}

function needsOf(field: Fields, input: InputBound, n: number): ReadonlySet<Capability> {
  const needs = new Set<Capability>();
  for (const name of ["tools", "functions"]) {
    if (optionalArray(field(name), name)?.some((tool) => isObject(tool) && isClientTool(tool)) === true)
      needs.add("tools");
  }
  if (input.images > 0) needs.add("images");
  if (input.audioBytes > 0) needs.add("audio");
  if (input.videoBytes > 0) needs.add("video");
  if (input.documentBytes > 0) needs.add("documents");
  const format = optionalObject(field("response_format"), "response_format")?.["type"];
  if (format === "json_schema") needs.add("json_schema");
  if (format === "json_object") needs.add("json_object");
  const reasoning = reasoningOf(field);
  if (reasoning !== null && reasoning.mode !== "off") needs.add("reasoning");
  if (optionalBoolean(field("logprobs"), "logprobs") === true) needs.add("logprobs");
  if (n > 1) needs.add("n");
  const modalities = optionalArray(field("modalities"), "modalities");
  if (modalities?.includes("audio") === true) needs.add("audio_output");
  if (modalities?.includes("image") === true) needs.add("image_output");
  return needs;
}

/** Functions, also in the legacy list, where they have no type. */
function isClientTool(tool: JsonObject): boolean {
  return tool["type"] === "function" || tool["type"] === "custom" || tool["type"] === undefined;
}

function reasoningOf(field: Fields): ReturnType<typeof decodeReasoning> {
  const asked: JsonObject = {};
  let isAsked = false;
  for (const name of REASONING_FIELDS) {
    const value = field(name);
    if (value === undefined) continue;
    asked[name] = value;
    isAsked = true;
  }
  return isAsked ? decodeReasoning(asked) : null;
}

/** The conversation ends in the result of a tool: a loop is running. */
function endsInResult(doc: ScannedObject): boolean {
  if (!doc.includes("tool_call_id") && !doc.includes('"function"')) return false;
  const messages = doc.value("messages");
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return isObject(last) && (last["role"] === "tool" || last["role"] === "function");
}

function chatSignals(doc: ScannedObject): RequestSignals {
  const messages = objectsOf(doc.value("messages") as Wire);
  const tools = doc.value("tools");
  const field: Fields = (name) => doc.value(name) as Wire;
  return signalsOf(
    messages.map(({ role, content }) => ({ by: speakerOf(role), text: contentText(content) })),
    {
      tools: Array.isArray(tools) ? tools.length : 0,
      reasoningEffort:
        optionalString(field("reasoning_effort"), "reasoning_effort") ?? reasoningOf(field)?.effort ?? null,
    },
  );
}
