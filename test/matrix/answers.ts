/** What an answer can hold, as events of a provider of some dialect, and what a client of each dialect gets of it. */
import { DIALECTS } from "../../src/dialects/index.ts";
import type { AnswerContext, Annotation } from "../../src/dialects/dialect.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { Citation, IrEvent, NativeValue } from "../../src/ir/events.ts";
import type { Finish, FinishKind } from "../../src/ir/finish.ts";
import { foldEvents } from "../../src/ir/fold.ts";
import type { Loss } from "../../src/ir/loss.ts";
import { emptyUsage, type TokenCounts } from "../../src/ir/usage.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";
import { BASE, type Outcome, ROUTE, seals, targetOf } from "./carry.ts";

export interface AnswerFeature {
  name: string;
  /** Dialect of the provider that says it; clients of the same dialect get its bytes. */
  origin: DialectId;
  events: readonly IrEvent[];
  mark: RegExp | Readonly<Record<DialectId, RegExp>>;
}

const first = { choice: 0, part: 0 } as const;
const second = { choice: 0, part: 1 } as const;
const start: IrEvent = { type: "message-start", id: "x1", model: "m", created: 1 };
const text = (at: { choice: number; part: number }, value: string): IrEvent[] => [
  { type: "text-start", ...at },
  { type: "text-delta", text: value, ...at },
  { type: "part-end", ...at },
];
const end = (finish: Partial<Finish> = {}, tokens: TokenCounts = { input: 9, output: 5 }): IrEvent[] => [
  {
    type: "usage",
    final: true,
    usage: { ...emptyUsage(), tokens, reasoningKnown: tokens.reasoning !== undefined },
  },
  { type: "message-end", choice: 0, finish: { kind: "stop", raw: null, ...finish } },
  { type: "response-end" },
];
const whole = (parts: IrEvent[], finish?: Partial<Finish>): IrEvent[] => [start, ...parts, ...end(finish)];

const call = (at: { choice: number; part: number }, name: string, id: string): IrEvent[] => [
  { type: "tool-start", kind: "function", id, name, ...at },
  { type: "arguments-delta", text: '{"city":"Oslo"}', ...at },
  { type: "part-end", ...at },
];
const cited = (citation: Citation): IrEvent[] => [
  { type: "text-start", ...first },
  { type: "text-delta", text: "Grass is green.", ...first },
  { type: "citation", citation, ...first },
  { type: "part-end", ...first },
];
const ended = (kind: FinishKind, raw: string): IrEvent[] => whole(text(first, "Hm"), { kind, raw });
/** With facts about the choice, and about the answer as a whole. */
const told = (ofChoice: { native?: JsonValue }, ofAnswer?: NativeValue): IrEvent[] => [
  start,
  ...text(first, "Hm"),
  { type: "message-end", choice: 0, finish: { kind: "stop", raw: null }, ...ofChoice },
  { type: "response-end", ...(ofAnswer === undefined ? {} : { native: ofAnswer }) },
];
const ofMessages = (value: JsonObject): NativeValue => ({ origin: "anthropic-messages", value });
const counted = (tokens: TokenCounts): IrEvent[] => [start, ...text(first, "Hm"), ...end({}, tokens)];
const byClient = (chat: RegExp, responses: RegExp, anthropic: RegExp, gemini: RegExp): Record<DialectId, RegExp> => ({
  "openai-chat": chat,
  "openai-responses": responses,
  "anthropic-messages": anthropic,
  gemini,
});
const NEVER = /(?!)/;

export const ANSWERS: readonly AnswerFeature[] = [
  { name: "text", origin: "gemini", events: whole(text(first, "Hello")), mark: /Hello/ },
  {
    name: "reasoning text",
    origin: "anthropic-messages",
    events: whole([
      { type: "reasoning-start", form: "full", ...first },
      { type: "reasoning-delta", text: "I think", ...first },
      { type: "part-end", ...first },
      ...text(second, "Hello"),
    ]),
    mark: /I think/,
  },
  {
    name: "sealed reasoning",
    origin: "anthropic-messages",
    events: whole([
      { type: "reasoning-start", form: "full", ...first },
      { type: "reasoning-delta", text: "I think", ...first },
      {
        type: "part-seal",
        seal: {
          origin: "anthropic-messages",
          kind: "signature",
          provider: "anthropic",
          realm: "anthropic",
          model: "m",
          value: "SIGNATURE",
        },
        ...first,
      },
      { type: "part-end", ...first },
      ...call(second, "look_up", "toolu_1"),
    ]),
    mark: byClient(/tgs1_/, /tgs1_/, /"signature":"SIGNATURE"/, /dGdzMV/),
  },
  {
    name: "calls of functions",
    origin: "gemini",
    events: whole(call(first, "look_up", "c1"), { kind: "tool" }),
    mark: /look_up/,
  },
  {
    name: "parallel calls",
    origin: "gemini",
    events: whole([...call(first, "look_up", "c1"), ...call(second, "look_down", "c2")], { kind: "tool" }),
    mark: /look_up[^]*look_down/,
  },
  {
    name: "calls of custom tools",
    origin: "openai-responses",
    events: whole(
      [
        { type: "tool-start", kind: "custom", id: "c1", name: "patcher", ...first },
        { type: "arguments-delta", text: "free text", ...first },
        { type: "part-end", ...first },
      ],
      { kind: "tool" },
    ),
    mark: /patcher[^]*free text|free text[^]*patcher/,
  },
  {
    name: "refusal",
    origin: "openai-chat",
    events: whole(
      [
        { type: "refusal-start", ...first },
        { type: "refusal-delta", text: "I won't", ...first },
        { type: "part-end", ...first },
      ],
      { kind: "refusal", raw: "stop" },
    ),
    mark: /I won't/,
  },
  {
    name: "citations of web pages",
    origin: "openai-responses",
    events: whole(cited({ kind: "url", url: "https://example.com/grass", title: "Grass", start: 0, end: 5 })),
    mark: /example\.com\/grass/,
  },
  {
    name: "citations of documents",
    origin: "anthropic-messages",
    events: whole(cited({ kind: "document", title: "Botany", quotedText: "Grass is green" })),
    mark: /Botany/,
  },
  {
    name: "log probabilities",
    origin: "openai-chat",
    events: whole([
      { type: "text-start", ...first },
      {
        type: "text-delta",
        text: "Hi",
        logprobs: [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [] }],
        ...first,
      },
      { type: "part-end", ...first },
    ]),
    mark: /-0\.5/,
  },
  {
    name: "images",
    origin: "gemini",
    events: whole([
      { type: "media-start", mediaType: "image/png", ...first },
      { type: "media-delta", base64: "iVBORw0KGgo", ...first },
      { type: "part-end", ...first },
    ]),
    mark: /iVBORw0KGgo/,
  },
  {
    name: "blocks of the provider's own tools",
    origin: "anthropic-messages",
    events: whole([
      {
        type: "server-tool-result",
        toolId: "srvtoolu_1",
        name: "web_search",
        isError: false,
        native: {
          origin: "anthropic-messages",
          value: { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
        },
        ...first,
      },
      { type: "part-end", ...first },
      ...text(second, "Found it"),
    ]),
    mark: byClient(NEVER, NEVER, /web_search_tool_result/, NEVER),
  },
  {
    name: "safety ratings",
    origin: "gemini",
    events: told({ native: { safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }] } }),
    mark: /HARM_CATEGORY/,
  },
  {
    name: "results of content filters",
    origin: "openai-chat",
    events: whole(text(first, "Hm"), {
      details: { native: { content_filter_results: { hate: { filtered: false } } } },
    }),
    mark: /"hate"/,
  },
  {
    name: "results of filters of the prompt",
    origin: "openai-chat",
    events: told({}, { origin: "openai-chat", value: { prompt_filter_results: [{ prompt_index: 0 }] } }),
    mark: /prompt_index/,
  },
  {
    name: "grounding beside its sources",
    origin: "gemini",
    events: told({ native: { groundingMetadata: { webSearchQueries: ["grass"] } } }),
    mark: /"grass"/,
  },
  {
    name: "container of the provider's tools",
    origin: "anthropic-messages",
    events: told({}, ofMessages({ container: { id: "container_1" } })),
    mark: /container_1/,
  },
  {
    name: "edits of the context",
    origin: "anthropic-messages",
    events: told({}, ofMessages({ context_management: { applied_edits: [{ type: "clear_tool_uses_20250919" }] } })),
    mark: /clear_tool_uses/,
  },
  {
    name: "which stop sequence it was",
    origin: "anthropic-messages",
    events: whole(text(first, "Hm"), { details: { stopSequence: "STOPHERE" } }),
    mark: /STOPHERE/,
  },
  {
    name: "several choices",
    origin: "openai-chat",
    events: [
      start,
      ...text(first, "One"),
      ...text({ choice: 1, part: 0 }, "Two"),
      { type: "message-end", choice: 1, finish: { kind: "stop", raw: "stop" } },
      ...end(),
    ],
    mark: /One[^]*Two/,
  },
  {
    name: "finish: out of tokens",
    origin: "gemini",
    events: ended("length", "MAX_TOKENS"),
    mark: byClient(/"length"/, /max_output_tokens/, /"max_tokens"/, /MAX_TOKENS/),
  },
  {
    name: "finish: filtered",
    origin: "openai-chat",
    events: ended("filter", "content_filter"),
    mark: byClient(/"content_filter"/, /"content_filter"/, /"refusal"/, /"SAFETY"/),
  },
  {
    name: "finish: refused",
    origin: "anthropic-messages",
    events: ended("refusal", "refusal"),
    mark: byClient(
      /"content_filter"|"refusal"/,
      /"content_filter"|"refusal"|"completed"/,
      /"refusal"/,
      /"(SAFETY|PROHIBITED_CONTENT|OTHER)"/,
    ),
  },
  {
    name: "cached input",
    origin: "gemini",
    events: counted({ input: 9, cached_input: 77, output: 5 }),
    mark: byClient(
      /"cached_tokens":77/,
      /"cached_tokens":77/,
      /"cache_read_input_tokens":77/,
      /"cachedContentTokenCount":77/,
    ),
  },
  {
    name: "cache writes",
    origin: "anthropic-messages",
    events: counted({ input: 9, cache_write_5m: 77, output: 5 }),
    mark: byClient(
      /"prompt_tokens":86/,
      /"input_tokens":86/,
      /"cache_creation_input_tokens":77/,
      /"promptTokenCount":86/,
    ),
  },
  {
    name: "tokens of reasoning",
    origin: "gemini",
    events: counted({ input: 9, output: 5, reasoning: 77 }),
    mark: byClient(/"reasoning_tokens":77/, /"reasoning_tokens":77/, /"output_tokens":82/, /"thoughtsTokenCount":77/),
  },
];

const ANNOTATION = { costCents: null, extensionName: "tollgate", extension: null };

function contextOf(client: DialectId, origin: DialectId): AnswerContext {
  const body = { ...BASE[client] };
  return {
    requestId: "req_1",
    created: 1,
    model: "m",
    request: DIALECTS[client].decodeRequest(body, { route: ROUTE, seals }),
    body,
    route: { ...ROUTE, stream: true },
    seals,
    target: targetOf(origin),
    inputTokens: () => 9,
    stored: false,
  };
}

/** What a client gets of an answer of another dialect. */
export function answerOutcome(feature: AnswerFeature, client: DialectId, stream: boolean): Outcome {
  if (client === feature.origin) return { kind: "native" };
  const dialect = DIALECTS[client];
  const answer = foldEvents(feature.events);
  const annotation: Annotation = { ...ANNOTATION, usage: answer.usage ?? emptyUsage() };
  const context = contextOf(client, feature.origin);
  const losses: Loss[] = [];
  const encoder = dialect.createEncoder(context);
  const sent = stream
    ? feature.events.map((event) => encoder.push(event)).join("") + encoder.finish(annotation)
    : JSON.stringify(dialect.encodeAnswer(answer, context, annotation, losses));
  losses.push(...encoder.losses);
  const mark = feature.mark instanceof RegExp ? feature.mark : feature.mark[client];
  if (losses.length === 0) return mark.test(sent) ? { kind: "carried" } : { kind: "silent", body: sent };
  return { kind: mark.test(sent) ? "partly" : "lost", losses };
}
