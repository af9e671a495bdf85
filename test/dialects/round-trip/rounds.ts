/** Arbitrary rounds of a conversation: what a user says, what the model answers, what its calls gave back. */
import * as fc from "../../support/property.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { CacheTtl, Part, PartOf, Turn } from "../../../src/ir/request.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import * as value from "./values.ts";

interface Call {
  kind: "function" | "custom";
  name: string;
  arguments: string;
  sealed: boolean;
  result: value.Unplaced[];
  isError: boolean;
  ttl: CacheTtl | undefined;
}
/** What a user says, what the model answers, and what its calls gave back. */
interface Round {
  own: (origin: DialectId, role: "user" | "assistant") => value.Unplaced;
  hasOwn: [boolean, boolean];
  name: string | undefined;
  instruction: string | null;
  asked: value.Unplaced[];
  told: value.Unplaced[];
  calls: Call[];
}

/** Rounds, and what belongs to all of them. */
export interface Conversation {
  rounds: readonly Round[];
  /** The last turn is the beginning of an answer. */
  prefill: boolean;
  seals: readonly Seal[];
}

export const cache: fc.Arbitrary<CacheTtl> = fc.constantFrom("5m", "30m", "1h");
const sometimes = fc.integer({ min: 0, max: 5 }).map((drawn) => drawn === 5);

export const marked = (part: fc.Arbitrary<value.Unplaced>): fc.Arbitrary<value.Unplaced> =>
  fc
    .tuple(part, fc.option(cache, { nil: undefined, freq: 12 }))
    .map(([item, ttl]) => (ttl === undefined ? item : { ...item, cache: { ttl } }));

const result: fc.Arbitrary<value.Unplaced[]> = fc.oneof(
  value.anyText.map((text): value.Unplaced[] => [{ type: "text", text }]),
  value.json.map((item): value.Unplaced[] => [{ type: "text", text: JSON.stringify(item) }]),
  fc.array(fc.oneof(value.textPart, value.image, value.document), { maxLength: 3 }),
);
const call: fc.Arbitrary<Call> = fc.record({
  kind: fc.constantFrom("function", "function", "function", "custom"),
  name: value.name,
  arguments: value.argumentsText,
  sealed: fc.boolean(),
  result,
  isError: fc.boolean(),
  ttl: fc.option(cache, { nil: undefined, freq: 8 }),
});
const refusal: fc.Arbitrary<value.Unplaced> = value.text.map((text) => ({ type: "refusal", text }));
export const round: fc.Arbitrary<Round> = fc.record({
  own: value.ownPart,
  hasOwn: fc.tuple(sometimes, sometimes),
  name: fc.option(fc.constantFrom("Ann", "a_b"), { nil: undefined, freq: 6 }),
  instruction: fc.option(value.text, { freq: 8 }),
  asked: fc.array(marked(fc.oneof(value.textPart, value.mediaPart)), { minLength: 1, maxLength: 3 }),
  told: fc.array(fc.oneof({ weight: 4, arbitrary: marked(value.textPart) }, value.reasoning, refusal), {
    maxLength: 3,
  }),
  calls: fc.array(call, { maxLength: 2 }),
});

/** The turns of a conversation with a client of `origin`; every call is answered before anything else is said. */
export function turnsOf(from: Conversation, origin: DialectId): Turn[] {
  const turns: Turn[] = [];
  let results: Part[] = [];
  let calls = 0;
  for (const [index, { instruction, asked, told, calls: made, own, hasOwn, name }] of from.rounds.entries()) {
    const named = name === undefined || origin !== "openai-chat" ? {} : { name };
    const isLast = index === from.rounds.length - 1;
    // Something is left of every turn, so that its neighbours stay apart.
    const opening: Part[] = results.length === 0 ? [{ type: "text", text: "Hi.", path: "" }] : [];
    const said = hasOwn[0] ? [...asked, own(origin, "user")] : asked;
    turns.push({
      role: "user",
      ...(results.length === 0 ? named : {}),
      parts: [...results, ...opening, ...said.map((part) => ({ ...part, path: "" }))],
      path: "",
    });
    if (instruction !== null) {
      turns.push({ role: "developer", parts: [{ type: "text", text: instruction, path: "" }], path: "" });
    }
    if (isLast && !from.prefill) break;
    results = [];
    const answer = hasOwn[1] ? [...told, own(origin, "assistant")] : told;
    const parts = oneWayOfThinking(answer).map((part): Part => ({ ...part, path: "" }));
    for (const drawnCall of isLast ? [] : made) {
      // Only Anthropic's clients put marks on calls and results, only OpenAI's have free-form tools.
      const ttl = origin === "anthropic-messages" ? drawnCall.ttl : undefined;
      const one = { ...drawnCall, ttl, kind: origin.startsWith("openai") ? drawnCall.kind : ("function" as const) };
      const id = `call_${(calls += 1)}`;
      parts.push(callOf(one, id, from));
      results.push(resultOf(one, id));
    }
    if (parts.length > 0) turns.push({ role: "assistant", parts, path: "" });
  }
  return turns;
}

/** A message thinks in the open, or with seals; chat's reasoning details are sealed as a whole. */
function oneWayOfThinking(told: readonly value.Unplaced[]): value.Unplaced[] {
  const thoughts = told.filter((part) => part.type === "reasoning");
  const details = thoughts.find((part) => part.seal?.origin === "openai-chat");
  const open = thoughts.filter((part) => part.seal === undefined);
  const kept = details === undefined ? (open.length > 0 ? open : thoughts) : [details];
  return told.filter((part) => part.type !== "reasoning" || kept.includes(part));
}

function callOf(one: Call, id: string, from: Conversation): PartOf<"tool-call"> {
  const seal = one.sealed ? from.seals.find((item) => item.kind === "thought-signature") : undefined;
  const { kind, name, arguments: text } = one;
  const mark = one.ttl === undefined ? {} : { cache: { ttl: one.ttl } };
  return {
    type: "tool-call",
    kind,
    id,
    name,
    arguments: text,
    path: "",
    ...mark,
    ...(seal === undefined ? {} : { seal }),
  };
}

const resultOf = (one: Call, id: string): PartOf<"tool-result"> => ({
  type: "tool-result",
  toolId: id,
  name: one.name,
  kind: one.kind,
  content: one.result.map((part) => ({ ...part, path: "" })),
  ...(one.ttl === undefined ? {} : { cache: { ttl: one.ttl } }),
  isError: one.isError,
  path: "",
});
