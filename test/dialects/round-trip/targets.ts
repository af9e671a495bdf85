/** Arbitrary providers of a dialect: models that refuse this or that, servers with quirks. Most can do all that the API can. */
import * as fc from "../../support/property.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import { CAPABILITIES, type Compat, DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import { targetOf } from "../../matrix/carry.ts";

const REFUSED: Readonly<Record<DialectId, readonly string[]>> = {
  "openai-chat": ["user", "temperature", "stop", "parallel_tool_calls", "seed"],
  "openai-responses": ["user", "temperature", "parallel_tool_calls"],
  "anthropic-messages": ["temperature", "stop_sequences", "service_tier"],
  gemini: ["temperature", "seed", "stop_sequences", "service_tier"],
};

const flags = fc.record({
  sampling: fc.constantFrom(true, true, true, false),
  thinking: fc.constantFrom(null, null, "adaptive" as const, "budget" as const),
  prefill: fc.constantFrom(true, true, true, false),
  maxTokensField: fc.constantFrom(null, "max_completion_tokens" as const),
});

const quirks: fc.Arbitrary<Partial<Compat>> = fc.record(
  {
    json_schema: fc.constant(false),
    strict_tools: fc.constant(false),
    parallel_tool_calls: fc.constant(false),
    custom_tools: fc.boolean(),
    system_role: fc.constant("developer" as const),
    seed_field: fc.constant("random_seed" as const),
    tool_choice_any: fc.constant(true),
    short_tool_ids: fc.constant(true),
    string_content: fc.constant(true),
    reasoning_field: fc.constantFrom("reasoning" as const, null),
    reasoning_request: fc.constantFrom(
      "reasoning" as const,
      "thinking" as const,
      "enable_thinking" as const,
      "none" as const,
    ),
  },
  { requiredKeys: [] },
);

/** A provider that speaks the dialect. */
export function targetsOf(dialect: DialectId): fc.Arbitrary<TargetFacts> {
  const whole = targetOf(dialect);
  const limited = fc
    .record({
      flags,
      maxOutput: fc.constantFrom(null, null, 1000),
      missing: fc.subarray(["json_schema", "reasoning", "video"] as const, { maxLength: 1 }),
      refuses: fc.subarray([...REFUSED[dialect]], { maxLength: 1 }),
      compat: fc.oneof({ weight: 2, arbitrary: fc.constant<Partial<Compat>>({}) }, { weight: 1, arbitrary: quirks }),
    })
    .map(({ flags: chosen, maxOutput, missing, refuses, compat }): TargetFacts => ({
      ...whole,
      flags: chosen,
      maxOutput,
      capabilities: new Set(CAPABILITIES.filter((name) => !missing.some((one) => one === name))),
      compat: { ...DEFAULT_COMPAT, ...compat, refuses },
    }));
  return fc.oneof({ weight: 1, arbitrary: fc.constant(whole) }, { weight: 1, arbitrary: limited });
}
