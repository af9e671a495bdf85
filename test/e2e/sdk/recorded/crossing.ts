/** A recorded answer taken from the dialect it was recorded in to another one, as the gateway does it between its two sockets. */
import { DIALECTS } from "../../../../src/dialects/index.ts";
import type { Annotation, AnswerContext, RouteFacts } from "../../../../src/dialects/dialect.ts";
import type { DialectId } from "../../../../src/ir/dialect-id.ts";
import type { IrEvent } from "../../../../src/ir/events.ts";
import { foldEvents } from "../../../../src/ir/fold.ts";
import type { Loss } from "../../../../src/ir/loss.ts";
import { createSealBox } from "../../../../src/ir/seal-box.ts";
import { CAPABILITIES, type Compat, DEFAULT_COMPAT, type TargetFacts } from "../../../../src/ir/target.ts";
import { emptyUsage } from "../../../../src/ir/usage.ts";
import { type JsonObject, parseJson } from "../../../../src/lib/json.ts";
import { JsonArrayReader } from "../../../../src/wire/json-array.ts";
import { SseReader } from "../../../../src/wire/sse.ts";
import type { FixtureCase } from "../../../support/fixtures.ts";

/** The index's names of the four dialects. */
export const RECORDED: Readonly<Record<string, DialectId>> = {
  "openai-chat": "openai-chat",
  "openai-responses": "openai-responses",
  "anthropic-messages": "anthropic-messages",
  "gemini-generate": "gemini",
};

/** What the default catalog says of these servers, where it changes how answers are read. */
const COMPAT: Readonly<Record<string, Partial<Compat>>> = {
  xai: { reasoning_outside_output: true },
  together: { think_tags: true },
};

const REALM: Readonly<Record<DialectId, string>> = {
  "openai-chat": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "google",
};

export function targetOf(item: FixtureCase): TargetFacts {
  const dialect = RECORDED[item.dialect] ?? "openai-chat";
  return {
    dialect,
    provider: item.provider,
    realm: dialect === "openai-chat" ? item.provider : REALM[dialect],
    upstreamModel: item.model,
    capabilities: new Set(CAPABILITIES),
    flags: { sampling: true, thinking: null, prefill: true, maxTokensField: null },
    maxOutput: null,
    compat: { ...DEFAULT_COMPAT, ...COMPAT[item.provider] },
  };
}

/** The events of a recorded 200. Throws DecodeError where the answer can't be read. */
export function eventsOf(item: FixtureCase): IrEvent[] {
  const target = targetOf(item);
  const dialect = DIALECTS[target.dialect];
  const events: IrEvent[] = [];
  const emit = (event: IrEvent): void => void events.push(event);
  if (item.kind === "json") {
    dialect.decodeAnswer(parseJson(new TextDecoder().decode(item.body())), { target }, emit);
    return events;
  }
  const decoder = dialect.createDecoder({ target });
  const reader = item.kind === "sse" ? new SseReader({ maxFrameBytes: 1 << 26 }) : new JsonArrayReader();
  for (const frame of [...reader.push(item.body()), ...reader.end()]) {
    if (frame.isComment) continue;
    decoder.push(frame.frame, emit);
    // The gateway stops reading at an error.
    if (events.at(-1)?.type === "error") return events;
  }
  decoder.end(emit);
  return events;
}

export const MODEL = "a-model";
const BODIES: Readonly<Record<DialectId, JsonObject>> = {
  "openai-chat": {
    model: MODEL,
    messages: [{ role: "user", content: "q" }],
    stream: true,
    stream_options: { include_usage: true },
  },
  "openai-responses": { model: MODEL, input: "q" },
  "anthropic-messages": { model: MODEL, max_tokens: 100, messages: [{ role: "user", content: "q" }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "q" }] }] },
};

export interface Written {
  json: JsonObject;
  /** The frames; an answer that failed ends in the dialect's error. */
  stream: string;
  losses: Loss[];
}

/** The answer as a client of the dialect gets it, both ways. */
export function writeFor(client: DialectId, item: FixtureCase, events: readonly IrEvent[]): Written {
  const dialect = DIALECTS[client];
  const route: RouteFacts = { model: MODEL, stream: true, sse: true, headers: {} };
  const seals = createSealBox(new Uint8Array(32).fill(7), "account");
  const body = BODIES[client];
  const answer = foldEvents(events);
  const context: AnswerContext = {
    requestId: "req_0123abc",
    created: 1_700_000_000,
    model: MODEL,
    request: dialect.decodeRequest(body, { route, seals }),
    body,
    route,
    seals,
    target: targetOf(item),
    inputTokens: () => 10,
    stored: false,
  };
  const annotation: Annotation = {
    costCents: "0.0123",
    extensionName: "tollgate",
    extension: { request_id: "req_0123abc" },
    usage: answer.usage ?? emptyUsage(),
  };
  const losses: Loss[] = [];
  const json = dialect.encodeAnswer(answer, context, annotation, losses);
  const encoder = dialect.createEncoder(context);
  const stream = events.map((event) => encoder.push(event)).join("") + encoder.finish(annotation);
  return { json: parseJson(JSON.stringify(json)) as JsonObject, stream, losses: [...losses, ...encoder.losses] };
}
