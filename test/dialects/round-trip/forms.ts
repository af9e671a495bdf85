/**
 * What a wire format doesn't tell apart though nothing is lost: defaults said or left out, other words for the same, orders that have no meaning.
 * Both sides of a round trip are brought into this form before they are compared.
 */
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { TargetFacts } from "../../../src/ir/target.ts";
import type { GenerateRequest, ReasoningRequest, Tool, ToolChoice } from "../../../src/ir/request.ts";

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
    const { description, ...output } = settled.output;
    // What the client says of the schema is said in it.
    const schema = description === undefined ? output.schema : { description, ...output.schema };
    settled.output = { ...output, schema, strict: null };
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
