/** Arbitrary answers of a provider of some dialect, as the events that its decoder makes. */
import * as fc from "../../support/property.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { Citation, IrEvent } from "../../../src/ir/events.ts";
import type { Finish, FinishKind } from "../../../src/ir/finish.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import { TOKEN_CLASSES, type Usage } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import { targetOf } from "../../matrix/carry.ts";
import * as value from "./values.ts";

/** What happens within one part, without its address. */
type Step = { type: string; [field: string]: unknown };
interface Piece {
  steps: Step[];
}

const pieces = fc.array(value.text, { minLength: 1, maxLength: 3 });

/** Seals that a provider puts on parts of this kind: Gemini on anything, the others on reasoning only. */
function sealOf(origin: DialectId, kind: Seal["kind"], bytes: string): Step {
  const { provider, realm } = targetOf(origin);
  const text = origin === "openai-chat" ? JSON.stringify([{ type: "reasoning.encrypted", data: bytes }]) : bytes;
  return { type: "part-seal", seal: { origin, kind, provider, realm, model: "m", value: text } };
}

const KINDS: Readonly<Record<DialectId, Seal["kind"]>> = {
  "openai-chat": "encrypted",
  "openai-responses": "encrypted",
  "anthropic-messages": "signature",
  gemini: "thought-signature",
};

const logprob = (token: string): JsonValue => ({
  token,
  logprob: -0.5,
  bytes: [...Buffer.from(token)],
  top_logprobs: [{ token, logprob: -0.5, bytes: [...Buffer.from(token)] }],
});

const cited = (length: number): fc.Arbitrary<Citation> =>
  fc.oneof(
    fc.tuple(fc.nat({ max: length }), fc.nat({ max: length })).map(([a, b]): Citation => ({
      kind: "url",
      url: "https://example.com/grass",
      title: "Grass",
      start: Math.min(a, b),
      end: Math.max(a, b),
    })),
    fc.constant<Citation>({ kind: "document", title: "Botany", quotedText: "Grass" }),
    fc.constant<Citation>({ kind: "native" }),
  );

const text = (origin: DialectId): fc.Arbitrary<Piece> =>
  fc
    .tuple(pieces, fc.integer({ min: 0, max: 5 }), fc.option(value.base64, { nil: undefined, freq: 4 }))
    .chain(([texts, what, bytes]) => {
      const said = texts.join("");
      const citations = what === 0 ? fc.array(cited(said.length), { minLength: 1, maxLength: 2 }) : fc.constant([]);
      return citations.map((list): Piece => ({
        steps: [
          { type: "text-start" },
          ...texts.map((item): Step => ({
            type: "text-delta",
            text: item,
            ...(what === 1 ? { logprobs: [logprob(item)] } : {}),
          })),
          ...list.map((citation): Step => ({ type: "citation", citation })),
          ...(bytes !== undefined && origin === "gemini" ? [sealOf(origin, "thought-signature", bytes)] : []),
        ],
      }));
    });

const reasoning = (origin: DialectId): fc.Arbitrary<Piece> =>
  fc
    .record({
      sections: fc.array(pieces, { minLength: 1, maxLength: 2 }),
      bytes: fc.option(value.base64, { nil: undefined }),
      isRedacted: fc.boolean(),
    })
    .map(({ sections, bytes, isRedacted }): Piece => {
      if (isRedacted && bytes !== undefined && origin === "anthropic-messages") {
        return { steps: [{ type: "reasoning-start", form: "redacted" }, sealOf(origin, "redacted", bytes)] };
      }
      const form = origin === "openai-responses" || origin === "gemini" ? "summary" : "full";
      const told = origin === "openai-responses" ? sections : sections.slice(0, 1);
      const deltas = told.flatMap((texts, section) =>
        texts.map((item): Step => ({ type: "reasoning-delta", text: item, section })),
      );
      const seals = bytes === undefined ? [] : [sealOf(origin, KINDS[origin], bytes)];
      return { steps: [{ type: "reasoning-start", form }, ...deltas, ...seals] };
    });

const refusal: fc.Arbitrary<Piece> = pieces.map((texts) => ({
  steps: [{ type: "refusal-start" }, ...texts.map((item): Step => ({ type: "refusal-delta", text: item }))],
}));

const cut = (whole: string, at: number): string[] => [whole.slice(0, at), whole.slice(at)];

const tool = (origin: DialectId): fc.Arbitrary<Piece> =>
  fc
    .record({
      isCustom: fc.boolean(),
      name: value.name,
      arguments: value.argumentsText,
      at: fc.nat({ max: 8 }),
      bytes: fc.option(value.base64, { nil: undefined }),
    })
    .map(({ isCustom, name, arguments: written, at, bytes }): Piece => {
      const kind = isCustom && origin.startsWith("openai") ? "custom" : "function";
      const isSealed = bytes !== undefined && origin === "gemini";
      return {
        steps: [
          { type: "tool-start", kind, id: "", name },
          ...cut(written, at).map((item): Step => ({ type: "arguments-delta", text: item })),
          ...(isSealed ? [sealOf(origin, "thought-signature", bytes)] : []),
        ],
      };
    });

const media: fc.Arbitrary<Piece> = fc
  .tuple(fc.constantFrom("image/png", "audio/wav"), value.base64)
  .map(([mediaType, base64]) => ({
    steps: [
      { type: "media-start", mediaType },
      { type: "media-delta", base64 },
    ],
  }));

const FOUND: Readonly<Record<DialectId, JsonValue>> = {
  "openai-chat": { type: "web_search" },
  "openai-responses": { type: "web_search_call", id: "ws_1", status: "completed" },
  "anthropic-messages": { type: "web_search_tool_result", tool_use_id: "srv_1", content: [] },
  gemini: { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
};

/** A search that the provider did itself, and what it found. */
const hosted = (origin: DialectId): fc.Arbitrary<Piece> =>
  fc.constantFrom<Piece>(
    {
      steps: [
        { type: "tool-start", kind: "server", id: "srv_1", name: "web_search" },
        { type: "arguments-delta", text: '{"query":"x"}' },
      ],
    },
    {
      steps: [
        {
          type: "server-tool-result",
          toolId: "srv_1",
          name: "web_search",
          isError: false,
          native: { origin, value: FOUND[origin] },
        },
      ],
    },
  );

const finish = fc.constantFrom<FinishKind>(
  "stop",
  "stop",
  "length",
  "context",
  "pause",
  "refusal",
  "filter",
  "malformed-tool",
  "error",
);

const usage: fc.Arbitrary<Usage> = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...TOKEN_CLASSES), fc.integer({ min: 1, max: 99 })),
    fc.boolean(),
    fc.constantFrom(undefined, "default", "priority"),
  )
  .map(([tokens, isTold, serviceTier]) => ({
    tokens: { input: 1, ...tokens },
    reasoningKnown: isTold || tokens.reasoning !== undefined,
    fees: {},
    variant: serviceTier === undefined ? {} : { serviceTier },
  }));

/** The word behind it, where a kind has one of Google's that means nothing to others. */
const RAW: Partial<Record<FinishKind, string>> = { pause: "CONTINUATION", error: "OTHER" };

/** The parts of one choice, one after the other or in pieces between each other, as streams of Responses have them. */
function choiceEvents(choice: number, parts: readonly Piece[], mixed: boolean, kind: FinishKind): IrEvent[] {
  const lists = parts.map(({ steps }, part) =>
    [...steps, { type: "part-end" }].map((step): Step => {
      const id = step["id"] === "" ? { id: `call_${choice}_${part}` } : {};
      const native = isObject(step["native"]) ? { native: renamed(step["native"], `ws_${choice}_${part}`) } : {};
      return { ...step, ...id, ...native, choice, part };
    }),
  );
  const ordered = mixed ? interleaved(lists) : lists.flat();
  const finished = finishOf(kind, parts);
  const end: IrEvent = { type: "message-end", choice, finish: { ...finished, raw: RAW[finished.kind] ?? null } };
  return [...(ordered as unknown as IrEvent[]), end];
}

/** Ids of items are their own. */
function renamed(native: JsonObject, id: string): JsonObject {
  const { value: item } = native;
  return isObject(item) && item["id"] !== undefined ? { ...native, value: { ...item, id } } : native;
}

/** A part is begun with the first of what it says; the rest comes step by step. */
function interleaved(lists: readonly Step[][]): Step[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_unused, at) =>
    lists.flatMap((list) => (at === 0 ? list.slice(0, 2) : list.slice(at + 1, at + 2))),
  ).flat();
}

/** A call ends a turn of its own; words of refusal do where nothing else was said. */
function finishOf(kind: FinishKind, parts: readonly Piece[]): Finish {
  const has = (type: string): boolean => parts.some(({ steps }) => steps[0]?.type === type);
  const calls = parts.some(({ steps }) => steps[0]?.type === "tool-start" && steps[0]["kind"] !== "server");
  if (calls && (kind === "stop" || kind === "refusal")) return { kind: "tool", raw: null };
  if (kind === "stop" && has("refusal-start") && !has("text-start")) return { kind: "refusal", raw: null };
  if (kind === "refusal" && has("text-start")) return { kind: "stop", raw: null };
  return { kind, raw: null };
}

/** A whole answer of a provider of `origin`, event by event. */
export const answerOf = (origin: DialectId): fc.Arbitrary<{ events: IrEvent[]; isMixed: boolean }> => {
  const part = fc.oneof(
    { weight: 4, arbitrary: text(origin) },
    { weight: 3, arbitrary: reasoning(origin) },
    { weight: 3, arbitrary: tool(origin) },
    { weight: 1, arbitrary: refusal },
    { weight: 1, arbitrary: media },
    { weight: 1, arbitrary: hosted(origin) },
  );
  const choice = fc.record({ parts: fc.array(part, { maxLength: 4 }), finish });
  return fc
    .record({ choices: fc.array(choice, { minLength: 1, maxLength: 2 }), usage, isMixed: fc.boolean() })
    .map(({ choices, usage: tokens, isMixed }) => ({
      isMixed,
      events: [
        { type: "message-start", id: null, model: "m", created: 1 },
        ...choices.flatMap((item, index) => choiceEvents(index, item.parts, isMixed, item.finish)),
        { type: "usage", usage: tokens, final: true },
        { type: "response-end" },
      ],
    }));
};
