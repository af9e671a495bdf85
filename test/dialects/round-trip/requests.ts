/** Arbitrary generate requests, as the decoders of all four dialects make them: every call answered, ids of their own, a place for each part. */
import * as fc from "../../support/property.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { GenerateRequest, Tool, ToolChoice } from "../../../src/ir/request.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { schema, tools } from "./tools.ts";
import { cache, marked, round, turnsOf } from "./rounds.ts";
import * as value from "./values.ts";

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });

const settings = fc.record({
  stream: fc.boolean(),
  output: fc.oneof(
    fc.constant({ kind: "text" as const }),
    fc.constant({ kind: "json" as const }),
    fc
      .record({
        name: fc.constantFrom("answer", "my schema"),
        schema,
        strict: fc.constantFrom(true, false, null),
        about: rarely(fc.constantFrom("what it is for", "another thing")),
      })
      .map(({ about, ...output }) => ({
        kind: "schema" as const,
        ...output,
        ...(about === undefined ? {} : { description: about }),
      })),
  ),
  sampling: fc.record(
    {
      temperature: fc.constantFrom(0, 0.5, 1, 1.5),
      topP: fc.constantFrom(0.1, 1),
      topK: fc.constantFrom(1, 40),
      seed: fc.constantFrom(0, -5, 2 ** 40),
      frequencyPenalty: fc.constantFrom(0, 0.5),
      presencePenalty: fc.constantFrom(0, -1.5),
    },
    { requiredKeys: [] },
  ),
  maxOutput: fc.constantFrom(null, 1, 16, 4096, 64_000),
  stop: fc.array(value.text, { maxLength: 6 }),
  n: fc.constantFrom(1, 1, 1, 2),
  reasoning: fc.option(
    fc.oneof(
      fc.constant({ mode: "off" as const }),
      fc.constant({ mode: "off" as const, effort: "high" as const }),
      fc.record(
        {
          mode: fc.constantFrom("on" as const, "adaptive" as const),
          effort: fc.constantFrom("minimal", "low", "medium", "high", "xhigh", "max"),
          display: fc.constantFrom("none", "summary", "full", "auto", "concise", "detailed"),
        },
        { requiredKeys: ["mode"] },
      ),
      fc.record({ mode: fc.constant("on" as const), budget: fc.constantFrom(1024, 5000, 20_000) }),
    ),
  ),
  logprobs: fc.constantFrom(null, null, { top: null }, { top: 0 }, { top: 3 }),
  serviceTier: fc.constantFrom(null, null, "auto", "default", "flex", "priority", "standard_only"),
  includeUsage: fc.boolean(),
});
const options = fc.record(
  {
    logitBias: rarely(fc.constant({ "50256": -100 } as JsonObject)),
    verbosity: rarely(fc.constantFrom("low", "high")),
    modalities: rarely(fc.constantFrom(["text"], ["text", "image"], ["text", "audio"])),
    audio: rarely(fc.constant({ voice: "alloy", format: "mp3" } as JsonObject)),
    prediction: rarely(fc.constant({ type: "content", content: "x" } as JsonObject)),
    user: rarely(value.text),
    metadata: rarely(fc.constant({ team: "a" } as JsonObject)),
    promptCacheKey: rarely(fc.constant("key")),
    cache: rarely(cache.map((ttl) => ({ ttl }))),
  },
  { requiredKeys: [] },
);
const choice = fc.record({
  mode: fc.constantFrom("auto" as const, "none" as const, "required" as const, "named" as const, "validated" as const),
  parallel: fc.constantFrom(null, true, false),
  some: fc.boolean(),
});
const drawn = fc.record({
  system: fc.array(marked(value.textPart), { maxLength: 2 }),
  rounds: fc.array(round, { minLength: 1, maxLength: 3 }),
  prefill: fc.boolean(),
  tools,
  choice: fc.option(choice),
  settings,
  options,
  seals: fc.array(value.seal, { minLength: 1, maxLength: 3 }),
  unknown: fc.boolean(),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

/** Settings that a client of the dialect has no word for. */
const UNSAYABLE: Readonly<Record<DialectId, readonly string[]>> = {
  "openai-chat": ["safety"],
  "openai-responses": [
    ..."stop n topK seed frequencyPenalty presencePenalty logitBias modalities audio prediction cache".split(" "),
    "budget",
  ],
  "anthropic-messages": [
    ..."n seed frequencyPenalty presencePenalty logprobs logitBias verbosity modalities audio prediction".split(" "),
    "promptCacheKey",
  ],
  gemini: "logitBias verbosity audio prediction user metadata promptCacheKey cache".split(" "),
};

const NOTHING: Readonly<Record<string, unknown>> = { stop: [], n: 1, logprobs: null };

/** Without what no client of the origin can have said. */
function sayable(request: GenerateRequest): GenerateRequest {
  const left = <T extends object>(holder: T): T => {
    const entries = Object.entries(holder).flatMap(([name, item]): [string, unknown][] => {
      if (!UNSAYABLE[request.origin].includes(name)) return [[name, item]];
      return Object.hasOwn(NOTHING, name) ? [[name, NOTHING[name]]] : [];
    });
    return Object.fromEntries(entries) as T;
  };
  const { reasoning } = request;
  const said = { ...left(request), sampling: left(request.sampling), reasoning: reasoning && left(reasoning) };
  if (request.origin === "anthropic-messages") {
    if (said.output.kind === "json") said.output = { kind: "text" };
    if (said.serviceTier !== null && said.serviceTier !== "auto") said.serviceTier = "standard_only";
  }
  if (said.toolChoice !== null && request.origin !== "gemini" && said.toolChoice.mode === "validated") {
    said.toolChoice.mode = "auto";
  }
  if (said.toolChoice !== null && request.origin === "anthropic-messages" && said.toolChoice.mode !== "named") {
    said.toolChoice.names = [];
  }
  if (said.toolChoice !== null && request.origin === "gemini") said.toolChoice.parallel = null;
  if (said.cache?.ttl === "30m") said.cache = { ttl: "5m" };
  return said;
}

/** A request of a client of `origin`. */
export const requestOf = (origin: DialectId): fc.Arbitrary<GenerateRequest> => drawn.map((from) => build(from, origin));

function build(from: Drawn, origin: DialectId): GenerateRequest {
  const present = Object.fromEntries(Object.entries(from.options).filter(([, item]) => item !== undefined));
  const declared = from.tools(origin);
  const request: GenerateRequest = {
    origin,
    model: "m",
    system: from.system.map((part) => ({ ...part, path: "" })),
    turns: turnsOf(from, origin),
    tools: declared.map((tool, index): Tool => ({ ...tool, path: `tools[${index}]` })),
    toolChoice: choiceOf(from, declared),
    ...from.settings,
    ...present,
    extras: { origin, fields: from.unknown ? { x_unknown: { deep: [1] } } : {} },
  };
  place(request);
  return sayable(request);
}

function choiceOf(from: Drawn, declared: readonly Omit<Tool, "path">[]): ToolChoice | null {
  if (from.choice === null) return null;
  const { mode, parallel, some } = from.choice;
  const names = declared.filter((tool) => tool.kind !== "server").map((tool) => tool.name);
  const [first] = names;
  if (mode === "named") return { mode: first === undefined ? "required" : mode, names: names.slice(0, 1), parallel };
  return { mode, names: some && mode !== "none" && first !== undefined ? [first] : [], parallel };
}

/** Gives every part the place by which its losses are told. */
function place(request: GenerateRequest): void {
  const parts = [request.system, ...request.turns.map((turn) => turn.parts)].flat();
  // Responses has marks for half an hour and for more.
  if (request.origin === "openai-responses") {
    for (const part of parts) if (part.cache?.ttl === "5m") part.cache = { ttl: "30m" };
  }
  for (const [index, part] of request.system.entries()) part.path = `system[${index}]`;
  for (const [index, turn] of request.turns.entries()) {
    turn.path = `messages[${index}]`;
    for (const [position, part] of turn.parts.entries()) {
      part.path = `${turn.path}.content[${position}]`;
      if (part.type !== "tool-result") continue;
      for (const [inner, item] of part.content.entries()) item.path = `${part.path}.content[${inner}]`;
    }
  }
}
