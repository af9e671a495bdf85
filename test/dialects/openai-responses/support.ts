import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import type { Annotation, AnswerContext, FrameRole, RouteFacts } from "../../../src/dialects/dialect.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { foldEvents } from "../../../src/ir/fold.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import { createSealBox } from "../../../src/ir/seal-box.ts";
import { CAPABILITIES, DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import { type JsonObject, parseJson } from "../../../src/lib/json.ts";
import { SseReader } from "../../../src/wire/sse.ts";

export const ROUTE: RouteFacts = { model: null, stream: null, sse: true, headers: {} };
export const SEALS = createSealBox(new Uint8Array(32).fill(7), "acct_test");

export function targetFacts(change: Partial<TargetFacts> = {}): TargetFacts {
  return {
    dialect: "openai-responses",
    provider: "openai",
    realm: "openai",
    upstreamModel: "gpt-5",
    capabilities: new Set(CAPABILITIES),
    flags: { sampling: true, thinking: null, prefill: true, maxTokensField: null },
    maxOutput: null,
    compat: DEFAULT_COMPAT,
    ...change,
  };
}

export function decodeRequest(body: JsonObject): GenerateRequest {
  return openaiResponses.decodeRequest(body, { route: ROUTE, seals: SEALS });
}

export const SIMPLE_BODY: JsonObject = { model: "gpt-5", input: "Hello" };

export function answerContext(change: Partial<AnswerContext> = {}): AnswerContext {
  const body = change.body ?? SIMPLE_BODY;
  return {
    requestId: "req_0123abc",
    created: 1_700_000_000,
    model: "gpt-5",
    request: change.request ?? decodeRequest(body),
    body,
    route: ROUTE,
    seals: SEALS,
    target: targetFacts(),
    inputTokens: () => 10,
    stored: false,
    ...change,
  };
}

export const NO_ANNOTATION: Annotation = {
  costCents: null,
  extensionName: "tollgate",
  extension: null,
  usage: emptyUsage(),
};

/** Feeds bytes in the given pieces through framing and decoder, to the end. */
export function decodePieces(
  pieces: Iterable<Uint8Array>,
  target = targetFacts(),
): { events: IrEvent[]; roles: FrameRole[] } {
  const reader = new SseReader();
  const decoder = openaiResponses.createDecoder({ target });
  const events: IrEvent[] = [];
  const roles: FrameRole[] = [];
  const emit = (event: IrEvent): void => void events.push(event);
  const feed = (frames: ReturnType<SseReader["push"]>): void => {
    for (const item of frames) if (!item.isComment) roles.push(decoder.push(item.frame, emit));
  };
  for (const piece of pieces) feed(reader.push(piece));
  feed(reader.end());
  decoder.end(emit);
  return { events, roles };
}

export function decodeStream(bytes: Uint8Array | string, target = targetFacts()): IrEvent[] {
  return decodePieces([typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes], target).events;
}

/** A stream out of event objects, with or without `event:` lines. */
export function sse(events: readonly JsonObject[], named = true): string {
  return events
    .map((event) => `${named ? `event: ${String(event["type"])}\n` : ""}data: ${JSON.stringify(event)}\n\n`)
    .join("");
}

export function decodeJson(body: JsonObject, target = targetFacts()): IrEvent[] {
  const events: IrEvent[] = [];
  openaiResponses.decodeAnswer(body, { target }, (event) => void events.push(event));
  return events;
}

export function encodeStream(
  events: readonly IrEvent[],
  context = answerContext(),
  annotation = NO_ANNOTATION,
): string {
  const encoder = openaiResponses.createEncoder(context);
  return events.map((event) => encoder.push(event)).join("") + encoder.finish(annotation);
}

/** The data of each frame of a stream. */
export function framesOf(stream: string): JsonObject[] {
  return stream
    .split("\n\n")
    .filter((frame) => frame.includes("data: "))
    .map((frame) => parseJson(frame.slice(frame.indexOf("data: ") + 6)) as JsonObject);
}

/** What of an answer must survive writing and reading it again: everything but the provider's leftovers. As JSON, which has no -0. */
export function essence(answer: Answer): unknown {
  const facts = {
    usage: answer.usage?.tokens,
    choices: answer.choices.map((choice) => ({
      finish: choice.finish?.kind,
      parts: choice.parts.map((part) => {
        const { seals, ...rest } = part;
        const values = seals.map((seal) => seal.value);
        return part.type === "text"
          ? { ...rest, seals: values, logprobs: part.logprobs.flat() }
          : { ...rest, seals: values };
      }),
    })),
  };
  return JSON.parse(JSON.stringify(facts));
}

export const fold = (events: readonly IrEvent[]): Answer => foldEvents(events);
