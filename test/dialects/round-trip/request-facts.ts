/** A request as what it says, in a form that is the same for every way of writing the same thing in one dialect. */
import { customFormat, customToolSchema, wrapCustomInput } from "../../../src/dialects/shared/custom-tool.ts";
import type { GenerateRequest, Part, PartOf, Tool, Turn } from "../../../src/ir/request.ts";
import { isObject, type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import type { Atom, Fact, Said } from "./compare.ts";
import { type Form, isOpenAi, settle, wrapsCustom } from "./forms.ts";
import { systemIn, turnsIn } from "./places.ts";

/** JSON with the keys in order: an object says the same in any order. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, item: unknown) =>
      isObject(item) && Object.getPrototypeOf(item) !== null
        ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    ) ?? ""
  );
}

/** Arguments as the object that they are; text that is none stays as it is. None at all are an empty object. */
export function canonicalArguments(text: string): string {
  if (text.trim() === "") return "{}";
  try {
    return canonical(parseJson(text));
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

const fact = (value: unknown, ...names: string[]): Fact => ({ value: canonical(value), names });

/** What the request says as a whole. */
function factsOf(request: GenerateRequest, form: Form): Record<string, Fact> {
  const { sampling, reasoning, toolChoice, output } = request;
  const isOpen = toolChoice?.mode === "auto" && toolChoice.names.length === 0;
  const schema = output.kind === "schema" ? output : null;
  const facts: Record<string, Fact> = {
    model: fact(request.model),
    output: fact(output.kind, "response_format", "text.format", "output_config"),
    "output.schema": fact(schema && schemaIn(schema.schema, form), "response_format", "text.format", "output_config"),
    "output.name": fact(isOpenAi(form) ? schema?.name : undefined, "response_format", "text.format"),
    "output.description": fact(schema?.description, "response_format", "text.format"),
    "output.strict": fact(schema?.strict, "response_format", "text.format", "output_config"),
    maxOutput: fact(request.maxOutput, "max_tokens", "max_completion_tokens", "max_output_tokens"),
    stop: fact(request.stop, "stop"),
    n: fact(request.n, "n"),
    temperature: fact(sampling.temperature, "temperature"),
    topP: fact(sampling.topP, "top_p"),
    topK: fact(sampling.topK, "top_k"),
    seed: fact(sampling.seed, "seed"),
    frequencyPenalty: fact(sampling.frequencyPenalty, "frequency_penalty"),
    presencePenalty: fact(sampling.presencePenalty, "presence_penalty"),
    "reasoning.mode": fact(reasoning?.mode, "reasoning", "reasoning_effort"),
    "reasoning.effort": fact(reasoning?.effort, "reasoning", "reasoning_effort"),
    "reasoning.budget": fact(reasoning?.budget, "reasoning"),
    "reasoning.display": fact(reasoning?.display, "reasoning"),
    logprobs: fact(request.logprobs, "logprobs"),
    serviceTier: fact(request.serviceTier, "service_tier"),
    toolChoice: fact(isOpen ? undefined : toolChoice?.mode, "tool_choice"),
    "toolChoice.names": fact(isOpen ? undefined : toolChoice?.names, "tool_choice"),
    parallel: fact(toolChoice?.parallel ?? undefined, "parallel_tool_calls", "tool_choice"),
    logitBias: fact(request.logitBias, "logit_bias"),
    verbosity: fact(request.verbosity, "verbosity"),
    modalities: fact(request.modalities, "modalities"),
    audio: fact(request.audio, "audio"),
    prediction: fact(request.prediction, "prediction"),
    user: fact(request.user, "user"),
    metadata: fact(request.metadata, "metadata"),
    promptCacheKey: fact(request.promptCacheKey, "prompt_cache_key"),
    cache: fact(request.cache, "cache_control"),
    unknown: fact(request.extras.fields["x_unknown"], "x_unknown"),
    system: fact(isOpenAi(form) ? request.system.map(textOf).join("\n\n") : null, "system"),
  };
  return facts;
}

const textOf = (part: Part): string => (part.type === "text" ? part.text : `(${part.type})`);

const present = (fields: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === "string" ? value : canonical(value)]),
  );

/**
 * A schema as it is held to: one constant is an enum of one, a schema without type for arguments is that of an object, and Anthropic's strict schemas are
 * closed, which is narrower than what was asked and never other.
 */
function schemaIn(schema: JsonValue, form: Form): JsonValue {
  if (Array.isArray(schema)) return schema.map((item) => schemaIn(item, form));
  if (!isObject(schema)) return schema;
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined || name === "$schema") continue;
    if (name === "const") out["enum"] = [value];
    else if (name !== "additionalProperties" || value !== false || form.dialect !== "anthropic-messages") {
      out[name] = name === "enum" ? value : schemaIn(value, form);
    }
  }
  return out;
}

/** Arguments are an object, also where the schema doesn't say so; one that has none need not say that. */
function argumentsSchema(tool: Tool, form: Form): JsonValue {
  const schema = tool.kind === "custom" ? customToolSchema() : (tool.schema ?? {});
  const whole = { type: "object", properties: {}, ...schema };
  const isEmpty = Object.keys(whole.properties).length === 0;
  return isEmpty && form.dialect === "gemini" ? { type: "object", properties: {} } : schemaIn(whole, form);
}

function toolAtom(tool: Tool, form: Form): Atom {
  const format = tool.kind === "custom" ? customFormat(tool) : undefined;
  const asFunction = tool.kind === "custom" && wrapsCustom(form);
  const fields = {
    kind: asFunction ? "function" : tool.kind,
    name: tool.name,
    description: tool.description,
    format: format?.kind === "grammar" ? format : undefined,
    parameters:
      tool.kind === "server" || (tool.kind === "custom" && !asFunction) ? undefined : argumentsSchema(tool, form),
    strict: tool.strict === true ? true : undefined,
    cache_control: tool.cache?.ttl,
    native: tool.kind === "server" ? tool.native?.value : undefined,
    ...tool.extras,
  };
  return { kind: "tool", path: tool.path, fields: present(fields) };
}

/** Numbers the calls of a request, so that results are told by the call that they answer. */
class Calls {
  readonly #ids = new Map<string, number>();
  number(id: string): number {
    const known = this.#ids.get(id) ?? this.#ids.size;
    this.#ids.set(id, known);
    return known;
  }
}

function partAtoms(part: Part, role: string, calls: Calls, form: Form): Atom[] {
  const shared = { role, cache_control: part.cache?.ttl, seal: part.seal && `${part.seal.kind} ${part.seal.value}` };
  const atom = (kind: string, fields: Record<string, unknown>): Atom => ({
    kind,
    path: part.path,
    fields: present({ ...shared, ...fields, ...part.extras }),
  });
  switch (part.type) {
    case "text":
      return part.text === "" && part.seal === undefined ? [] : [textAtom(part, atom)];
    case "refusal":
      return [atom("refusal", { text: part.text })];
    case "reasoning":
      return [atom("reasoning", { text: part.text, form: part.form })];
    case "media":
      return [mediaAtom(part, atom)];
    case "tool-call":
      return [callAtom(part, calls, form, atom)];
    case "tool-result": {
      const call = calls.number(part.toolId);
      const head = atom("result", { call, name: part.name, is_error: part.isError });
      return [head, ...part.content.flatMap((item) => partAtoms(item, `result ${call}`, calls, form))];
    }
    case "native":
      return [atom("native", { value: part.native.value })];
  }
}

function textAtom(part: PartOf<"text">, atom: MakeAtom): Atom {
  const citations = part.citations?.map((citation) => canonical(citation.native?.value ?? citation.url));
  return atom("text", { text: part.text, phase: part.phase, citations });
}

type MakeAtom = (kind: string, fields: Record<string, unknown>) => Atom;

function callAtom(part: PartOf<"tool-call">, calls: Calls, form: Form, atom: MakeAtom): Atom {
  const asFunction = part.kind === "custom" && wrapsCustom(form);
  const text = asFunction ? wrapCustomInput(part.arguments) : part.arguments;
  return atom("call", {
    id: calls.number(part.id),
    kind: asFunction ? "function" : part.kind,
    name: part.name,
    arguments: part.kind === "custom" && !asFunction ? text : canonicalArguments(text),
  });
}

/** OpenAI wants a name beside data: one that says nothing stands where there was none. */
const NO_NAME = /^file\.[a-z0-9]+$/;

function mediaAtom(part: PartOf<"media">, atom: MakeAtom): Atom {
  const { source } = part;
  const where: JsonValue =
    source.kind === "inline"
      ? { type: source.mediaType, base64: source.base64 }
      : source.kind === "url"
        ? { url: source.url }
        : { file: source.id };
  return atom("media", {
    kind: part.kind,
    source: where,
    filename: NO_NAME.test(part.filename ?? "") ? undefined : part.filename,
    detail: part.detail === "auto" ? undefined : part.detail,
    title: part.title,
    context: part.context,
    citations: part.citations,
    text: part.text,
  });
}

/** Whose turn it is, where that is told. */
const nameAtoms = (turn: Turn): Atom[] =>
  turn.name === undefined ? [] : [{ kind: "name", path: `${turn.path}.name`, fields: { name: turn.name } }];

/** Instructions are the same whoever they are said to come from. */
const roleOf = (role: string): string => (role === "system" || role === "developer" ? "instruction" : role);

/** All that a request says, as one dialect can say it. */
export function saidIn(unsettled: GenerateRequest, form: Form): Said {
  const request = {
    ...settle(unsettled, form),
    system: systemIn(unsettled.system, form),
    turns: turnsIn(unsettled.turns, form),
  };
  const calls = new Calls();
  const system = isOpenAi(form) ? [] : request.system.flatMap((part) => partAtoms(part, "system", calls, form));
  const turns = request.turns.flatMap((turn) => [
    ...nameAtoms(turn),
    ...turn.parts.flatMap((part) => partAtoms(part, roleOf(turn.role), calls, form)),
  ]);
  return {
    facts: factsOf(request, form),
    atoms: [...request.tools.map((tool) => toolAtom(tool, form)), ...system, ...turns],
  };
}
