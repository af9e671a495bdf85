import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import { splitEnvelope } from "../../../src/dialects/shared/envelope.ts";
import type { Annotation, AnswerContext, FrameRole, RouteFacts } from "../../../src/dialects/dialect.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { foldEvents } from "../../../src/ir/fold.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import { createSealBox } from "../../../src/ir/seal-box.ts";
import { CAPABILITIES, type Compat, DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { scanObject, type ScannedObject } from "../../../src/wire/scan.ts";
import { SseReader } from "../../../src/wire/sse.ts";

export const ROUTE: RouteFacts = { model: null, stream: null, sse: true, headers: {} };
export const SEALS = createSealBox(new Uint8Array(32).fill(7), "acct_test");

/** What the catalog says of the servers in the recordings; all others are like OpenAI. */
export const COMPAT: Readonly<Record<string, Partial<Compat>>> = {
  xai: { reasoning_outside_output: true },
  "vercel-gateway": { reasoning_outside_output: true },
  llamacpp: { think_tags: true },
  vllm: { think_tags: true },
  ollama: { think_tags: true },
  together: { think_tags: true },
  perplexity: { think_tags: true },
  mistral: { short_tool_ids: true, tool_choice_any: true, seed_field: "random_seed", reasoning_field: null },
};

export function targetFacts(compat: Partial<Compat> = {}, change: Partial<TargetFacts> = {}): TargetFacts {
  return {
    dialect: "openai-chat",
    provider: "openai",
    realm: "openai",
    upstreamModel: "gpt-5",
    capabilities: new Set(CAPABILITIES),
    flags: { sampling: true, thinking: null, prefill: true, maxTokensField: null },
    maxOutput: null,
    compat: { ...DEFAULT_COMPAT, ...compat },
    ...change,
  };
}

/** Facts of a recorded provider. */
export const providerFacts = (provider: string): TargetFacts =>
  targetFacts(COMPAT[provider] ?? {}, { provider, realm: provider });

export const SIMPLE_BODY: JsonObject = { model: "gpt-5", messages: [{ role: "user", content: "Hello" }] };

export function decodeRequest(body: JsonObject): GenerateRequest {
  return openaiChat.decodeRequest(body, { route: ROUTE, seals: SEALS });
}

/** A request with these messages, decoded. */
export const conversation = (...messages: JsonValue[]): GenerateRequest => decodeRequest({ model: "m", messages });

export function encodeBody(body: JsonObject, target = targetFacts()): JsonObject {
  return openaiChat.encodeRequest(decodeRequest(body), target).body;
}

export const scan = (body: JsonValue | string): ScannedObject =>
  scanObject(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));

export function answerContext(change: Partial<AnswerContext> = {}): AnswerContext {
  const body = change.body ?? SIMPLE_BODY;
  return {
    requestId: "req_0123abc",
    created: 1_700_000_000,
    model: "shown-model",
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

export const FOREIGN = targetFacts({}, { dialect: "anthropic-messages", provider: "anthropic", realm: "anthropic" });

export const NO_ANNOTATION: Annotation = {
  costCents: null,
  extensionName: "tollgate",
  extension: null,
  usage: emptyUsage(),
};
export const ANNOTATION: Annotation = {
  costCents: "0.0123",
  extensionName: "tollgate",
  extension: { request_id: "req_0123abc" },
  usage: { ...emptyUsage(), tokens: { input: 7, output: 3 } },
};

export interface Decoded {
  events: IrEvent[];
  roles: FrameRole[];
}

/** Feeds bytes in the given pieces through framing and decoder, to the end. */
export function decodePieces(pieces: Iterable<Uint8Array>, target = targetFacts()): Decoded {
  const reader = new SseReader({ maxFrameBytes: 32 * 1024 * 1024 });
  const decoder = openaiChat.createDecoder({ target });
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

export const decodeText = (text: string, target = targetFacts()): Decoded =>
  decodePieces([new TextEncoder().encode(text)], target);

/** Chunks as a stream that ends as it should. */
export const sse = (...chunks: JsonValue[]): string => unended(...chunks) + "data: [DONE]\n\n";
export const unended = (...chunks: JsonValue[]): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");

export const HEAD = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model: "gpt-5" };

/** One chunk of choice 0. */
export function chunk(delta: JsonObject, finish: string | null = null, more: JsonObject = {}): JsonObject {
  return { ...HEAD, choices: [{ index: 0, delta, finish_reason: finish }], ...more };
}

export const decodeChunks = (...chunks: JsonValue[]): Decoded => decodeText(sse(...chunks));
export const foldChunks = (...chunks: JsonValue[]): Answer => foldEvents(decodeChunks(...chunks).events);

export function decodeBody(body: JsonValue, target = targetFacts()): IrEvent[] {
  const events: IrEvent[] = [];
  openaiChat.decodeAnswer(body, { target }, (event) => void events.push(event));
  return events;
}

/** A JSON answer with one choice. */
export const answerBody = (message: JsonObject, finish: string | null = "stop", more: JsonObject = {}): JsonObject => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "gpt-5",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }],
  ...more,
});

export const fold = (events: readonly IrEvent[]): Answer => foldEvents(events);

export function encodeStream(
  events: readonly IrEvent[],
  context = answerContext(),
  annotation = NO_ANNOTATION,
): string {
  const encoder = openaiChat.createEncoder(context);
  return events.map((event) => encoder.push(event)).join("") + encoder.finish(annotation);
}

/** The JSON of each frame of a stream; `[DONE]` stays a string. */
export function framesOf(stream: string): JsonValue[] {
  const reader = new SseReader();
  const frames = [...reader.push(Buffer.from(stream)), ...reader.end()];
  return frames
    .filter((item) => !item.isComment)
    .map(({ frame }) => (frame.data === "[DONE]" ? "[DONE]" : parseJson(frame.data)));
}

export const chunksOf = (stream: string): JsonObject[] => framesOf(stream).filter(isObject);

/** What of an answer must survive writing and reading it again: everything but the provider's leftovers. As JSON, which has no -0. */
export function essence(answer: Answer): unknown {
  const facts = {
    usage: answer.usage?.tokens,
    choices: answer.choices.map((choice) => ({
      index: choice.index,
      finish: choice.finish?.kind,
      text: textOfParts(choice.parts, "text"),
      reasoning: textOfParts(choice.parts, "reasoning"),
      refusal: textOfParts(choice.parts, "refusal"),
      calls: choice.parts.flatMap((part) => (part.type === "tool-call" ? [callOf(part)] : [])),
      citations: choice.parts.flatMap((part) => (part.type === "text" ? part.citations.map((item) => item.url) : [])),
    })),
  };
  return JSON.parse(JSON.stringify(facts));
}

/** Ids without the envelopes that we put behind them; a call without arguments has an empty object. */
function callOf(part: Extract<Answer["choices"][number]["parts"][number], { type: "tool-call" }>): JsonObject {
  const { kind, id, name } = part;
  return { kind, id: splitEnvelope(id).id, name, arguments: part.arguments || "{}" };
}

function textOfParts(parts: Answer["choices"][number]["parts"], type: "text" | "reasoning" | "refusal"): string {
  return parts.map((part) => (part.type === type ? part.text : "")).join("");
}
