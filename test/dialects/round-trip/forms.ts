/**
 * What a wire format doesn't tell apart though nothing is lost: defaults said or left out, other words for the same, orders that have no meaning.
 * Both sides of a round trip are brought into this form before they are compared.
 */
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { TargetFacts } from "../../../src/ir/target.ts";
import { guessMediaType } from "../../../src/dialects/gemini/media.ts";
import type {
  GenerateRequest,
  MediaSource,
  Part,
  PartOf,
  ReasoningRequest,
  Tool,
  ToolChoice,
  Turn,
} from "../../../src/ir/request.ts";

export interface Form {
  dialect: DialectId;
  /** What the client asked for, before the trip. */
  asked: GenerateRequest;
  target: TargetFacts;
}

export const isOwn = (form: Form): boolean => form.asked.origin === form.dialect;
export const isOpenAi = (form: Form): boolean => form.dialect.startsWith("openai");
/** Free-form tools go as functions of one string, in which their input is wrapped. */
export const wrapsCustom = (form: Form): boolean =>
  form.dialect === "openai-chat"
    ? !(form.target.compat.custom_tools ?? isOwn(form))
    : form.dialect !== "openai-responses";

/** Other words for the list price; `auto` is what happens without a word. */
const TIERS: Readonly<Record<string, string | null>> = { standard: "default", standard_only: "default", auto: null };

/** A request with its settings in the form of the dialect. */
export function settle(request: GenerateRequest, form: Form): GenerateRequest {
  const tools = offered(request, form);
  const tier = request.serviceTier;
  const settled: GenerateRequest = {
    ...request,
    system: systemIn(request.system, form),
    turns: turnsIn(request.turns, form),
    tools,
    toolChoice: choiceIn(request.toolChoice, tools, form),
    sampling: samplingOf(request, form),
    maxOutput: maxOutputOf(request, form),
    reasoning: reasoningOf(request.reasoning, form),
    logprobs: request.logprobs === null ? null : { top: request.logprobs.top === 0 ? null : request.logprobs.top },
    serviceTier: tier === null || !Object.hasOwn(TIERS, tier) ? tier : (TIERS[tier] ?? null),
  };
  if (settled.modalities?.every((name) => name === "text") === true) delete settled.modalities;
  if (settled.output.kind === "schema" && !isOpenAi(form)) {
    // Answers are always held to the schema here. Anthropic's are closed objects, which is narrower, never other.
    settled.output = { ...settled.output, strict: null };
  }
  return settled;
}

/** Zero penalties and a top_p of 1 change nothing. */
function samplingOf(request: GenerateRequest, form: Form): GenerateRequest["sampling"] {
  const { frequencyPenalty, presencePenalty, topP, ...rest } = request.sampling;
  return {
    ...rest,
    ...((frequencyPenalty ?? 0) === 0 ? {} : { frequencyPenalty }),
    ...((presencePenalty ?? 0) === 0 ? {} : { presencePenalty }),
    ...(topP === undefined || (topP === 1 && form.dialect === "anthropic-messages") ? {} : { topP }),
  };
}

/** Anthropic wants a cap in every request. */
function maxOutputOf(request: GenerateRequest, form: Form): number | null {
  return form.dialect === "anthropic-messages" && form.asked.maxOutput === null ? null : request.maxOutput;
}

/** Only the tools among which the choice is, where there are no words for a subset. */
function offered(request: GenerateRequest, form: Form): Tool[] {
  const choice = form.asked.toolChoice;
  const leavesOut = form.dialect === "anthropic-messages" || (form.dialect === "openai-chat" && !isOwn(form));
  if (!leavesOut || choice === null || choice.names.length === 0) return request.tools;
  if (choice.mode === "named" || choice.mode === "none") return request.tools;
  return request.tools.filter((tool) => choice.names.includes(tool.name));
}

function choiceIn(choice: ToolChoice | null, tools: readonly Tool[], form: Form): ToolChoice | null {
  if (choice === null) return null;
  const [first] = choice.names;
  const isForced = choice.mode === "required" || choice.mode === "named";
  if (tools.length === 0 && !isForced) return null;
  const leavesOut = form.dialect === "anthropic-messages" || (form.dialect === "openai-chat" && !isOwn(form));
  const all = choice.mode === "none" || (leavesOut && choice.mode !== "named") ? [] : choice.names;
  // One tool that must be called is that tool.
  const mode = choice.mode === "required" && all.length === 1 && first !== undefined ? "named" : choice.mode;
  // A subset that may be called is told to Gemini as VALIDATED; calls one by one are all that can be asked besides.
  const isSubset = form.dialect === "gemini" && mode === "auto" && all.length > 0;
  const cantSay = form.dialect === "gemini" || !form.target.compat.parallel_tool_calls;
  const parallel = cantSay && choice.parallel === true ? null : choice.parallel;
  const plain = {
    mode: isSubset ? ("validated" as const) : mode,
    names: all,
    parallel: mode === "none" ? null : parallel,
  };
  return plain.mode === "auto" && all.length === 0 && plain.parallel === null ? null : plain;
}

/** Thinking as what is asked of it; how much is a matter of words. */
function reasoningOf(reasoning: ReasoningRequest | null, form: Form): ReasoningRequest | null {
  if (reasoning === null) return null;
  const reasons = form.target.capabilities.has("reasoning");
  const isOff = reasoning.mode === "off" || reasoning.effort === "none" || reasoning.budget === 0;
  if (isOff) return reasons ? { mode: "off" } : null;
  const display = displayOf(reasoning, form);
  const shown = display === undefined ? {} : { display };
  const effort = reasoning.effort === undefined ? {} : { effort: reasoning.effort };
  const budget = reasoning.budget === undefined || reasoning.budget < 0 ? {} : { budget: reasoning.budget };
  if (isOpenAi(form)) {
    // There is no switch: what is not asked for by effort is left to the model.
    const says = "effort" in effort || "budget" in budget;
    return says || display !== undefined ? { mode: "on", ...effort, ...budget, ...shown } : null;
  }
  const asked = form.asked.reasoning;
  // An effort asked of a model that thinks by budget becomes the budget that stands for it.
  if (asked !== null && thinksByBudget(asked, form)) return { mode: "on", ...shown };
  const mode = "effort" in effort || "budget" in budget ? "on" : "adaptive";
  if (form.dialect === "gemini" && mode === "adaptive" && display === undefined) return null;
  return { mode, ...effort, ...budget, ...shown };
}

/** Whether an effort, or nothing, is asked of a model that wants a budget. */
function thinksByBudget(asked: ReasoningRequest, form: Form): boolean {
  const { thinking } = form.target.flags;
  if (asked.budget !== undefined) return false;
  if (form.dialect === "gemini") return thinking === "budget" && asked.effort !== undefined;
  return thinking === "budget" || (thinking === null && asked.mode === "on");
}

function displayOf(reasoning: ReasoningRequest, form: Form): ReasoningRequest["display"] {
  const { display } = reasoning;
  switch (form.dialect) {
    case "openai-chat":
      // Answers show what the server shows.
      return display === "none" || display === "auto" || display === "full" ? undefined : display;
    case "openai-responses":
      if (display === "none") return undefined;
      return display === "summary" || display === "full" ? "auto" : display;
    case "gemini":
      // Anthropic's thinking is shown unless it is told otherwise.
      if (display === undefined) return form.asked.origin === "anthropic-messages" ? "summary" : undefined;
      return display === "none" ? "none" : "summary";
    default:
      return display === undefined || display === "none" ? display : "summary";
  }
}

const INSTRUCTION = "Answer with a single JSON";

/** Without the instruction by which JSON is asked for where there is no setting for it. */
function systemIn(parts: readonly Part[], form: Form): Part[] {
  const isAsked = form.dialect === "anthropic-messages" && form.asked.output.kind !== "text";
  return parts.filter((part) => !isAsked || part.type !== "text" || !part.text.startsWith(INSTRUCTION));
}

/** The conversation with what stands in another order or place, and means the same there. */
function turnsIn(turns: readonly Turn[], form: Form): Turn[] {
  if (form.dialect === "openai-responses") return turns.map((turn) => ({ ...turn, parts: turn.parts.map(headed) }));
  if (!isOpenAi(form)) {
    const plain = turns.map((turn) => ({ ...turn, parts: turn.parts.map((part) => plainPart(part, form)) }));
    return form.dialect === "gemini" ? plain.map((turn) => mediaBeside(turn, form)).map(thoughtsTogether) : plain;
  }
  const plain = isOwn(form) ? turns : turns.map((turn) => ({ ...turn, parts: turn.parts.map(withoutFile) }));
  return withAttachments(plain).map((turn) => {
    if (turn.role === "assistant") return { ...turn, parts: messageOrder(turn.parts) };
    return { ...turn, parts: turn.parts.map(mediaLast) };
  });
}

/** A text with a title is a text below its title; a title is the name of a file. */
function headed(part: Part): Part {
  if (part.type === "tool-result") return { ...part, content: part.content.map(headed) };
  if (part.type !== "media") return part;
  const { title, context, text, path, ...rest } = part;
  if (text === undefined) {
    const filename = part.filename ?? title;
    const named = filename === undefined ? {} : { filename };
    return { ...rest, path, ...(context === undefined ? {} : { context }), ...named };
  }
  const heading = [title, context].filter((item) => item !== undefined && item !== "").join("\n");
  const whole = heading === "" ? text : `${heading}\n\n${text}`;
  return { type: "text", text: whole, path, ...(rest.cache === undefined ? {} : { cache: rest.cache }) };
}

/** Refusals are text; thoughts are shown in short; documents have a title; what a URL leads to is told by its ending. */
function plainPart(part: Part, form: Form): Part {
  if (part.type === "refusal") return { ...part, type: "text" };
  if (part.type === "tool-result") return { ...part, content: part.content.map((item) => plainPart(item, form)) };
  if (part.type === "reasoning" && part.form === "full") return { ...part, form: "summary" };
  if (part.type !== "media") return part;
  if (form.dialect === "gemini" && part.text !== undefined) return { type: "text", text: part.text, path: part.path };
  if (form.dialect === "gemini") {
    const isUnknown = part.source.kind !== "inline" && guessMediaType(nameOf(part.source)) === undefined;
    return isUnknown ? { ...part, kind: "document" } : part;
  }
  // Anthropic has plain texts as documents, too.
  const { filename, text: _text, ...rest } = part;
  return filename === undefined ? rest : { ...rest, title: part.title ?? filename };
}

/** Thoughts come in pieces, which are one until something else is said or a signature ends them. */
function thoughtsTogether(turn: Turn): Turn {
  const parts: Part[] = [];
  for (const part of turn.parts) {
    if (part.type === "text" && part.text === "" && part.seal === undefined) continue;
    const last = parts.at(-1);
    const goesOn = part.type === "reasoning" && last?.type === "reasoning" && last.seal === undefined;
    if (goesOn) parts.splice(-1, 1, { ...part, text: last.text + part.text, path: last.path });
    else parts.push(part);
  }
  return { ...turn, parts };
}

/** A result has one text. */
function oneText(texts: readonly PartOf<"text">[]): Part[] {
  const said = texts.filter((part) => part.text !== "");
  const [first] = said;
  return first === undefined ? [] : [{ ...first, text: said.map((part) => part.text).join("\n") }];
}

/** Media of results stand behind all of them, as parts of their own; Gemini 3 takes data inside of them. */
function mediaBeside(turn: Turn, form: Form): Turn {
  const results = turn.parts.filter((part) => part.type === "tool-result");
  const others = turn.parts.filter((part) => part.type !== "tool-result");
  const isText = (item: Part): boolean => item.type === "text";
  const media = results.flatMap((part) => part.content.filter((item) => !isText(item)));
  const texts = results.map((part) => ({
    ...part,
    content: oneText(part.content.filter((item) => item.type === "text")),
  }));
  const isInside = (part: Part): boolean =>
    form.target.flags.thinking === "adaptive" && part.type === "media" && part.source.kind === "inline";
  const [inside, beside] = [media.filter(isInside), media.filter((part) => !isInside(part))];
  return { ...turn, parts: [...texts, ...inside, ...beside, ...others] };
}

const nameOf = (source: MediaSource): string =>
  source.kind === "url" ? source.url : source.kind === "file" ? source.id : "";

/** Chat messages have one field for reasoning, one for refusals, and calls behind the content. */
function messageOrder(parts: readonly Part[]): Part[] {
  const thoughts = parts.filter((part) => part.type === "reasoning");
  const refusals = parts.filter((part) => part.type === "refusal");
  const calls = parts.filter((part) => part.type === "tool-call");
  const said = parts.filter((part) => part.type === "text" || part.type === "native");
  const sealed = thoughts.filter((part) => part.seal !== undefined);
  const open = thoughts.filter((part) => part.seal === undefined);
  return [...sealed, ...joined(open), ...said, ...joined(refusals), ...calls];
}

function joined<T extends PartOf<"reasoning"> | PartOf<"refusal">>(parts: readonly T[]): T[] {
  const [first] = parts;
  return first === undefined ? [] : [{ ...first, text: parts.map((part) => part.text).join("") }];
}

/** Every model reads a plain text, which needs no file. */
function withoutFile(part: Part): Part {
  if (part.type === "tool-result") return { ...part, content: part.content.map(withoutFile) };
  if (part.type !== "media" || part.kind !== "document" || part.source.kind !== "inline") return part;
  if (!part.source.mediaType.startsWith("text/")) return part;
  const { path, cache, source } = part;
  const text = Buffer.from(source.base64, "base64").toString("utf8");
  return { type: "text", text, path, ...(cache === undefined ? {} : { cache }) };
}

/** A result's texts stand in its message, its media in the one that follows. */
function mediaLast(part: Part): Part {
  if (part.type !== "tool-result") return part;
  const isText = (item: Part): boolean => item.type === "text";
  return { ...part, content: [...part.content.filter(isText), ...part.content.filter((item) => !isText(item))] };
}

const ATTACHMENTS = /^Attachments of tool call (.+):$/;

/** Media of tool results, which follow in a user message, put back into their results. */
function withAttachments(turns: readonly Turn[]): Turn[] {
  const results = new Map<string, PartOf<"tool-result">>();
  const out: Turn[] = [];
  for (const turn of turns) {
    const parts = turn.parts.map((part): Part =>
      part.type === "tool-result" ? { ...part, content: [...part.content] } : part,
    );
    for (const part of parts) if (part.type === "tool-result") results.set(part.toolId, part);
    const [first] = parts;
    if (first?.type !== "text" || !ATTACHMENTS.test(first.text)) {
      out.push({ ...turn, parts });
      continue;
    }
    let owner: PartOf<"tool-result"> | undefined;
    for (const part of parts) {
      const id = part.type === "text" ? ATTACHMENTS.exec(part.text)?.[1] : undefined;
      if (id === undefined) owner?.content.push(part);
      else owner = results.get(id);
      const [note] = owner?.content ?? [];
      if (id !== undefined && note?.type === "text" && note.text.startsWith("(see the attachments"))
        owner?.content.shift();
    }
  }
  return out;
}
