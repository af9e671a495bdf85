import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import type { Annotation, AnswerContext, RouteFacts } from "../../../src/dialects/dialect.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { foldEvents } from "../../../src/ir/fold.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import { createSealBox } from "../../../src/ir/seal-box.ts";
import { CAPABILITIES, DEFAULT_COMPAT, type ModelFlags, type TargetFacts } from "../../../src/ir/target.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { scanObject, type ScannedObject } from "../../../src/wire/scan.ts";
import { SseReader } from "../../../src/wire/sse.ts";

export const FLAGS: ModelFlags = { sampling: true, thinking: "budget", prefill: true, maxTokensField: null };

export const TARGET: TargetFacts = {
  dialect: "anthropic-messages",
  provider: "anthropic",
  realm: "anthropic",
  upstreamModel: "claude-test",
  capabilities: new Set(CAPABILITIES),
  flags: FLAGS,
  maxOutput: null,
  compat: DEFAULT_COMPAT,
};
export const GEMINI: TargetFacts = { ...TARGET, dialect: "gemini", provider: "google", realm: "google" };
export const CHAT: TargetFacts = { ...TARGET, dialect: "openai-chat", provider: "openai", realm: "openai" };

export const SEALS = createSealBox(new Uint8Array(32).fill(7), "account-1");
export const ROUTE: RouteFacts = { model: null, stream: null, sse: true, headers: {} };

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const scan = (value: JsonValue | string): ScannedObject =>
  scanObject(bytesOf(typeof value === "string" ? value : JSON.stringify(value)));

export function decode(body: JsonObject): GenerateRequest {
  return anthropicMessages.decodeRequest(body, { route: ROUTE, seals: SEALS });
}

/** Decodes a stream whose bytes arrive in the given pieces. */
export function decodeStream(pieces: Iterable<Uint8Array>, target = TARGET): IrEvent[] {
  const events: IrEvent[] = [];
  const reader = new SseReader();
  const decoder = anthropicMessages.createDecoder({ target });
  const emit = (event: IrEvent): void => void events.push(event);
  for (const piece of pieces) for (const item of reader.push(piece)) decoder.push(item.frame, emit);
  for (const item of reader.end()) decoder.push(item.frame, emit);
  decoder.end(emit);
  return events;
}

export const decodeText = (text: string): IrEvent[] => decodeStream([bytesOf(text)]);

export function decodeJson(body: JsonValue, target = TARGET): IrEvent[] {
  const events: IrEvent[] = [];
  anthropicMessages.decodeAnswer(body, { target }, (event) => void events.push(event));
  return events;
}

/** Deltas of one part joined, so that only what was said is compared and not how it was cut. */
export function meaning(events: IrEvent[]): Answer {
  return foldEvents(events);
}

export function frames(...events: JsonObject[]): string {
  return events.map((event) => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

export function contextFor(target: TargetFacts, request = REQUEST): AnswerContext {
  return {
    requestId: "req_0123456789",
    created: 1_700_000_000,
    model: "claude-shown",
    request,
    body: {},
    route: ROUTE,
    seals: SEALS,
    target,
    inputTokens: () => 11,
    stored: false,
  };
}

export const REQUEST: GenerateRequest = decode({
  model: "claude-shown",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }],
});

export const ANNOTATION: Annotation = {
  costCents: "0.0123",
  extensionName: "tollgate",
  extension: { tier: "simple" },
  usage: { ...emptyUsage(), tokens: { input: 11, output: 5 } },
};

/** Encodes events toward the client and gives the whole text. */
export function encodeStream(events: IrEvent[], target: TargetFacts, annotation = ANNOTATION): string {
  const encoder = anthropicMessages.createEncoder(contextFor(target));
  let text = "";
  for (const event of events) text += encoder.push(event);
  return text + encoder.finish(annotation);
}

/** The data of each frame of an SSE text. */
export function frameData(text: string): JsonObject[] {
  return text
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as JsonObject);
}

/** A request without what tells where its parts stood. */
export function withoutPaths(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPaths);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, field]) => (name === "path" ? [] : [[name, withoutPaths(field)]])),
  );
}
