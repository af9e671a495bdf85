/** An answer as what it says, in a form that is the same for every way of writing the same thing in one dialect. */
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { Answer, AnswerChoice, AnswerPart } from "../../../src/ir/answer.ts";
import { ENVELOPE_PREFIX } from "../../../src/ir/seal-box.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import { isObject } from "../../../src/lib/json.ts";
import { sumTokens, type TokenClass, totalInput, totalOutput, type Usage } from "../../../src/ir/usage.ts";
import { wrapCustomInput } from "../../../src/dialects/shared/custom-tool.ts";
import { splitEnvelope } from "../../../src/dialects/shared/envelope.ts";
import { seals } from "../../matrix/carry.ts";
import { type Atom, type Fact, isLost, type Said } from "./compare.ts";
import { canonical, canonicalArguments } from "./request-facts.ts";

/** Which wire the answer went over, and whose it was. */
export interface AnswerForm {
  dialect: DialectId;
  origin: DialectId;
  /** Parts came in pieces between each other. */
  isMixed: boolean;
}

const isOpenAi = (form: AnswerForm): boolean => form.dialect.startsWith("openai");
const fact = (value: unknown, ...names: string[]): Fact => ({ value: canonical(value), names });

/** What of the counts the wire can tell. */
function usageFacts(usage: Usage | null, form: AnswerForm): Record<string, Fact> {
  if (usage === null) return { usage: fact(null) };
  const sum = (...names: TokenClass[]): number => sumTokens(usage.tokens, names);
  const cached = sum("cached_input", "cached_input_audio", "cached_input_image", "cached_input_video");
  const written = sum("cache_write_5m", "cache_write_30m", "cache_write_1h");
  const hasNoUnknown = form.dialect === "openai-responses" || form.dialect === "gemini";
  const facts: Record<string, Fact> = {
    input: fact(totalInput(usage)),
    output: fact(totalOutput(usage)),
    cached: fact(cached),
    // Two wires have no word for a count that isn't known.
    reasoning: fact(usage.reasoningKnown || hasNoUnknown ? sum("reasoning") : null),
  };
  if (form.dialect !== "gemini") facts["written"] = fact(written);
  if (form.dialect === "anthropic-messages") facts["written for an hour"] = fact(sum("cache_write_1h"));
  if (form.dialect === "openai-chat" || form.dialect === "gemini") {
    facts["audio input"] = fact(sum("input_audio", "cached_input_audio"));
    facts["image input"] = fact(sum("input_image", "cached_input_image"));
    facts["audio output"] = fact(sum("output_audio"));
    facts["image output"] = fact(sum("output_image"));
  }
  if (form.dialect === "gemini") facts["video input"] = fact(sum("input_video", "cached_input_video"));
  const tier = usage.variant.serviceTier;
  facts["tier"] = fact(tier === "auto" ? "default" : (tier ?? "default"));
  return facts;
}

/** Words that a wire has for why an answer ended, by the kind that they are read as. */
function finishKind(choice: AnswerChoice, form: AnswerForm): string {
  const kind = choice.finish?.kind ?? "none";
  if (form.dialect === "openai-responses" && kind === "malformed-tool") return "error";
  const hasCalls = choice.parts.some((part) => part.type === "tool-call" && part.kind !== "server");
  const hasRefusal = choice.parts.some((part) => part.type === "refusal");
  if (form.dialect === "anthropic-messages")
    return kind === "filter" || (kind === "stop" && hasRefusal) ? "refusal" : kind;
  if (kind === "context") return "length";
  // A refusal without words is what a filter gives.
  if (form.dialect === "gemini") return kind === "refusal" ? "filter" : kind;
  if (kind === "refusal" && !hasRefusal) return "filter";
  return kind === "stop" && hasCalls ? "tool" : kind;
}

/** Tokens whose probabilities are told, beside the texts or at the end of the choice. */
function tokensOf(choice: AnswerChoice): string[] {
  const beside = choice.parts.flatMap((part) => (part.type === "text" ? part.logprobs.flat() : []));
  const all: unknown[] = beside.length > 0 ? beside : [choice.logprobs ?? []].flat();
  return all.map((item) => canonical(isObject(item) ? item["token"] : item)).toSorted();
}

/** Anthropic tells of the part that they belong to. */
const LOGPROB_NAMES = (index: number): string[] => ["output.content.logprobs", `choices[${index}].parts`];

const FINISH_NAMES = (index: number): string[] => [
  "status",
  "stop_reason",
  `choices[${index}].finish_reason`,
  `choices[${index}].finishReason`,
];

/** What every client can be told is never excused by a loss of something in the message. */
const isCore = (part: AnswerPart): boolean =>
  part.type === "text" ||
  part.type === "refusal" ||
  part.type === "reasoning" ||
  (part.type === "tool-call" && part.kind !== "server");

/** Where OpenAI's dialects tell of what is none of that. */
const wider = (form: AnswerForm, choice: number): string[] =>
  form.dialect === "openai-chat" ? [`choices[${choice}].message`, `choices[${choice}].message.audio`] : ["output"];

const text = (kind: string, value: string, path: string): Atom => ({ kind, path, fields: { text: value } });

function partAtoms(part: AnswerPart, path: string, form: AnswerForm): Atom[] {
  switch (part.type) {
    case "text":
      return part.text === "" ? [] : [text("text", part.text, path)];
    case "refusal": {
      const isText = form.dialect === "anthropic-messages" || form.dialect === "gemini";
      return [text(isText ? "text" : "refusal", part.text, path)];
    }
    case "reasoning": {
      const said = part.sections.filter((section) => section !== "");
      return said.length === 0 ? [] : [text("reasoning", said.join("\n\n"), path)];
    }
    case "tool-call":
      return [callAtom(part, path, form)];
    case "media":
      return [{ kind: "media", path, fields: { type: part.mediaType, base64: part.base64 } }];
    default:
      return [{ kind: "native", path, fields: { native: canonical(part.native) } }];
  }
}

function callAtom(part: AnswerPart & { type: "tool-call" }, path: string, form: AnswerForm): Atom {
  const keepsCustom = isOpenAi(form);
  const isCustom = part.kind === "custom";
  const written = isCustom && !keepsCustom ? wrapCustomInput(part.arguments) : part.arguments;
  const fields = {
    kind: isCustom && !keepsCustom ? "function" : part.kind,
    id: splitEnvelope(part.id).id,
    name: part.name,
    arguments: isCustom && keepsCustom ? written : canonicalArguments(written),
  };
  return { kind: "call", path, fields };
}

/** Under which name each dialect tells that it can't name a source, or where; Anthropic's is that of the part. */
const CITATION_LOSS: Readonly<Record<DialectId, readonly string[]>> = {
  "openai-chat": ["choices[#].message.annotations"],
  "openai-responses": ["output.content.annotations"],
  "anthropic-messages": [],
  gemini: ["choices[#].citations", "candidates[#].groundingMetadata"],
};

/** Sources, as far as each wire can name them, wherever it puts them. */
function citationAtoms(choice: AnswerChoice, form: AnswerForm): Atom[] {
  const all = choice.parts.flatMap((part, at): Atom[] => {
    // A client of Google's own provider gets its grounding as it came.
    if (part.type !== "text" || (form.dialect === "gemini" && form.origin === "gemini")) return [];
    return part.citations.map((citation): Atom => ({
      kind: "citation",
      path: `choices[${choice.index}].parts[${at}].citations`,
      also: CITATION_LOSS[form.dialect].map((name) => name.replace("#", String(choice.index))),
      fields: { source: citation.url ?? citation.title ?? "" },
    }));
  });
  if (form.dialect !== "gemini") return all;
  // Google's list names each source once.
  const sources = new Map(all.map((atom) => [atom.fields["source"], atom]));
  return [...sources.values()].toSorted((a, b) => ((a.fields["source"] ?? "") < (b.fields["source"] ?? "") ? -1 : 1));
}

/** The order that the wire keeps. */
function ordered(atoms: readonly Atom[], form: AnswerForm, losses: readonly Loss[]): Atom[] {
  const rare = atoms.filter((atom) => atom.also !== undefined);
  const core = atoms.filter((atom) => atom.also === undefined);
  // What can't be told leaves no trace between two texts.
  if (form.dialect === "gemini") return [...joined(core.filter((atom) => !isLost(atom, losses))), ...rare];
  if (form.dialect === "openai-chat") {
    const inOrder = form.isMixed ? core.toSorted(byId) : core;
    return [...joined(byKind(inOrder)).map(withoutGaps), ...byKind(rare)];
  }
  // An item stands where it was complete enough to be told.
  return form.dialect === "openai-responses" && form.isMixed ? byKind(atoms) : [...atoms];
}

const byId = (a: Atom, b: Atom): number => ((a.fields["id"] ?? "") < (b.fields["id"] ?? "") ? -1 : 1);
const rank = (atom: Atom): string => `${atom.kind} ${atom.fields["type"] ?? ""}`;
const byKind = (atoms: readonly Atom[]): Atom[] =>
  atoms.toSorted((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));

/** Chat tells thoughts apart by an empty line, which is part of them when they are read. */
const withoutGaps = (atom: Atom): Atom =>
  atom.kind === "reasoning" ? { ...atom, fields: { text: atom.fields["text"]?.replaceAll("\n", "") ?? "" } } : atom;

/** Neighbouring texts of one kind are one. */
function joined(atoms: readonly Atom[]): Atom[] {
  const out: Atom[] = [];
  for (const atom of atoms) {
    const last = out.at(-1);
    const goesOn =
      last?.kind === atom.kind && (atom.kind === "text" || atom.kind === "reasoning" || atom.kind === "refusal");
    if (goesOn) out.splice(-1, 1, { ...last, fields: { text: `${last.fields["text"]}${atom.fields["text"]}` } });
    else out.push(atom);
  }
  return out;
}

function choiceAtoms(choice: AnswerChoice, form: AnswerForm, losses: readonly Loss[]): Atom[] {
  const head: Atom = { kind: "choice", path: `choices[${choice.index}]`, fields: {} };
  const atoms = choice.parts.flatMap((part, at) => {
    const all = partAtoms(part, `choices[${choice.index}].parts[${at}]`, form);
    return isCore(part) ? all : all.map((atom) => ({ ...atom, also: wider(form, choice.index) }));
  });
  return [head, ...ordered(atoms, form, losses), ...citationAtoms(choice, form)];
}

/** Choices that the wire has. */
const choicesIn = (answer: Answer, form: AnswerForm): AnswerChoice[] =>
  form.dialect === "openai-chat" || form.dialect === "gemini" ? answer.choices : answer.choices.slice(0, 1);

/** Every seal of an answer, those in envelopes too: in ids, in fields of another name, in Gemini's bytes fields. */
function sealValues(choices: readonly AnswerChoice[]): Set<string> {
  const found = new Set<string>();
  const add = (seal: Seal): void => void found.add(`${seal.kind} ${seal.value}`);
  const texts = [JSON.stringify(choices)];
  for (const part of choices.flatMap((choice) => choice.parts)) {
    for (const seal of part.seals) {
      add(seal);
      texts.push(Buffer.from(seal.value, "base64").toString("latin1"));
    }
  }
  for (const [envelope] of texts.join("\n").matchAll(new RegExp(`${ENVELOPE_PREFIX}[A-Za-z0-9_-]{20,}`, "g"))) {
    const opened = seals.open(envelope);
    if (opened.kind === "opened") for (const { seal } of opened.payload.seals) add(seal);
  }
  return found;
}

/** Seals of `sent` that are nowhere in `got`, though the part that they belong to is. */
export function lostSeals(sent: Answer, got: Answer, form: AnswerForm, losses: readonly Loss[]): string[] {
  const arrived = sealValues(got.choices);
  const told = choicesIn(sent, form).map((choice): AnswerChoice => ({
    ...choice,
    parts: choice.parts.filter(
      (_part, at) => !losses.some((loss) => loss.field === `choices[${choice.index}].parts[${at}]`),
    ),
  }));
  return [...sealValues(told)].filter((value) => !arrived.has(value));
}

/** All that an answer says, as one dialect can say it. */
export function answerSaid(answer: Answer, form: AnswerForm, losses: readonly Loss[] = []): Said {
  // An answer that failed is an error on some wires: whatever else it said is not an answer.
  const failed =
    answer.error !== null || choicesIn(answer, form).some((choice) => finishKind(choice, form) === "error");
  if (failed && isOpenAi(form)) return { facts: { failed: fact(true) }, atoms: [] };
  const finishes = answer.choices.map((choice): [string, Fact] => [
    `finish ${choice.index}`,
    fact(finishKind(choice, form), ...FINISH_NAMES(choice.index), `choices[${choice.index}]`),
  ]);
  const probabilities = answer.choices.map((choice): [string, Fact] => [
    `logprobs ${choice.index}`,
    fact(tokensOf(choice), ...LOGPROB_NAMES(choice.index), `choices[${choice.index}]`),
  ]);
  return {
    facts: { ...usageFacts(answer.usage, form), ...Object.fromEntries([...finishes, ...probabilities]) },
    atoms: answer.choices.flatMap((choice) => choiceAtoms(choice, form, losses)),
  };
}
