import { gemini } from "../../../src/dialects/gemini/index.ts";
import type { AnswerContext, Annotation, RequestContext, RouteFacts } from "../../../src/dialects/dialect.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { foldEvents } from "../../../src/ir/fold.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import { createSealBox } from "../../../src/ir/seal-box.ts";
import { CAPABILITIES, DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import { emptyUsage, type Usage } from "../../../src/ir/usage.ts";
import { type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { JsonArrayReader } from "../../../src/wire/json-array.ts";
import { scanObject, type ScannedObject } from "../../../src/wire/scan.ts";
import { SseReader } from "../../../src/wire/sse.ts";

export const target: TargetFacts = {
  dialect: "gemini",
  provider: "google",
  realm: "google",
  upstreamModel: "gemini-2.5-flash",
  capabilities: new Set(CAPABILITIES),
  flags: { sampling: true, thinking: "budget", prefill: true, maxTokensField: null },
  maxOutput: 65_536,
  compat: DEFAULT_COMPAT,
};
/** A model that is asked by level and checks signatures. */
export const adaptive: TargetFacts = {
  ...target,
  upstreamModel: "gemini-3-flash-preview",
  flags: { ...target.flags, thinking: "adaptive" },
};
/** A target of another dialect and realm. */
export const foreign: TargetFacts = {
  ...target,
  dialect: "anthropic-messages",
  provider: "anthropic",
  realm: "anthropic",
};

export const route: RouteFacts = { model: "gemini-2.5-flash", stream: true, sse: true, headers: {} };
export const arrayRoute: RouteFacts = { ...route, sse: false };
export const seals = createSealBox(new Uint8Array(32).fill(7), "account-1");
export const requestContext: RequestContext = { route, seals };

export function scan(body: JsonValue): ScannedObject {
  return scanObject(Buffer.from(JSON.stringify(body)));
}

/** Decodes a stream handed over in the given pieces. */
export function decodePieces(pieces: readonly Uint8Array[], array = false, facts: TargetFacts = target): IrEvent[] {
  const reader = array ? new JsonArrayReader() : new SseReader({ maxFrameBytes: 32 * 1024 * 1024 });
  const decoder = gemini.createDecoder({ target: facts });
  const events: IrEvent[] = [];
  const emit = (event: IrEvent): void => void events.push(event);
  for (const piece of pieces) for (const { frame } of reader.push(piece)) decoder.push(frame, emit);
  for (const { frame } of reader.end()) decoder.push(frame, emit);
  decoder.end(emit);
  return events;
}

export const decodeText = (text: string, array = false): IrEvent[] => decodePieces([Buffer.from(text)], array);

/** Chunks as an SSE stream. */
export const sse = (...chunks: JsonValue[]): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join("");

export const decodeChunks = (...chunks: JsonValue[]): IrEvent[] => decodeText(sse(...chunks));

export function decodeBody(body: JsonValue, facts: TargetFacts = target): IrEvent[] {
  const events: IrEvent[] = [];
  gemini.decodeAnswer(body, { target: facts }, (event) => void events.push(event));
  return events;
}

export const fold = (events: readonly IrEvent[]): Answer => foldEvents(events);

export function annotation(usage: Usage = emptyUsage()): Annotation {
  return { costCents: "0.0123", extensionName: "tollgate", extension: { request_id: "req_1" }, usage };
}

export const emptyRequest: GenerateRequest = {
  origin: "gemini",
  model: "m",
  stream: true,
  system: [],
  turns: [],
  tools: [],
  toolChoice: null,
  output: { kind: "text" },
  sampling: {},
  maxOutput: null,
  stop: [],
  n: 1,
  reasoning: null,
  logprobs: null,
  serviceTier: null,
  includeUsage: true,
  extras: { origin: "gemini", fields: {} },
};

export function answerContext(facts: TargetFacts = target, at: RouteFacts = route): AnswerContext {
  return {
    requestId: "req_1",
    created: 1_700_000_000,
    model: "shown-model",
    request: emptyRequest,
    body: {},
    route: at,
    seals,
    target: facts,
    inputTokens: () => 0,
    stored: false,
  };
}

/** All the client would get of a stream of events. */
export function encodeStream(events: readonly IrEvent[], context: AnswerContext = answerContext()): string {
  const encoder = gemini.createEncoder(context);
  const text = events.map((event) => encoder.push(event)).join("");
  return text + encoder.finish(annotation(fold(events).usage ?? emptyUsage()));
}

/** The chunks of an SSE text. */
export function chunksOf(text: string): JsonObject[] {
  const reader = new SseReader();
  const frames = [...reader.push(Buffer.from(text)), ...reader.end()];
  return frames.filter(({ frame }) => frame.data !== "").map(({ frame }) => parseJson(frame.data) as JsonObject);
}
