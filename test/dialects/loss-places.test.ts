/** A loss names the place in the client's own request: every one that the features bring about, and other spellings of the same. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { inClientWords } from "../../src/dialects/loss-fields.ts";
import { lostExtras, nameInside } from "../../src/dialects/lost-extras.ts";
import { DIALECT_IDS, type DialectId } from "../../src/ir/dialect-id.ts";
import type { TargetFacts } from "../../src/ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../src/lib/json.ts";
import { BASE, ROUTE, seals, targetOf } from "../matrix/carry.ts";
import { FEATURES } from "../matrix/features.ts";

function lossesOf(client: DialectId, target: TargetFacts, body: JsonObject): string[] {
  const request = DIALECTS[client].decodeRequest(body, { route: ROUTE, seals });
  const { losses } = DIALECTS[target.dialect].encodeRequest(request, target);
  const lost = [...nameInside(request, losses), ...lostExtras(request, target.dialect, losses)];
  return [...(request.losses ?? []), ...inClientWords(DIALECTS[client], lost, body)].map(({ field }) => field);
}

function isSent(body: JsonObject, field: string): boolean {
  let value: JsonValue | undefined = body;
  for (const step of field.match(/[^.[\]]+/g) ?? []) {
    value = Array.isArray(value) ? value[Number(step)] : isObject(value) ? value[step] : undefined;
  }
  return value !== undefined;
}

/** A model that takes little: whatever can be refused by a flag or quirk is. */
const weak = (dialect: DialectId): TargetFacts => {
  const target = targetOf(dialect);
  const flags = { ...target.flags, sampling: false, prefill: false };
  const compat = { ...target.compat, strict_tools: false, json_schema: false, parallel_tool_calls: false };
  return { ...target, flags, compat, maxOutput: 10, capabilities: new Set() };
};

for (const client of DIALECT_IDS) {
  describe(`${client}: losses name what was sent`, () => {
    for (const to of DIALECT_IDS.filter((id) => id !== client)) {
      test.each([targetOf(to), weak(to)].map((target) => [target.capabilities.size, target] as const))(
        `at ${to} with %d capabilities`,
        (_size, target) => {
          for (const { name, asked } of Object.values(FEATURES).flat()) {
            const fields = asked[client];
            if (fields === null) continue;
            const body = { ...BASE[client], ...fields };
            const unknown = lossesOf(client, target, body).filter((field) => !isSent(body, field));
            expect([name, unknown]).toEqual([name, []]);
          }
        },
      );
    }
  });
}

describe("other names of the same", () => {
  const messages = [{ role: "user", content: "q" }];
  const CASES: [DialectId, DialectId, JsonObject, string[]][] = [
    ["openai-chat", "anthropic-messages", { messages, random_seed: 1 }, ["random_seed"]],
    ["openai-chat", "openai-responses", { messages, max_completion_tokens: 5 }, ["max_completion_tokens"]],
    ["openai-chat", "openai-responses", { messages, reasoning: { max_tokens: 2000 } }, ["reasoning.max_tokens"]],
    ["openai-chat", "openai-responses", { messages, thinking_budget: 2000 }, ["thinking_budget"]],
    ["openai-responses", "anthropic-messages", { input: "q", include: ["message.output_text.logprobs"] }, ["include"]],
    [
      "gemini",
      "anthropic-messages",
      { contents: [{ parts: [{ text: "q" }] }], generation_config: { top_logprobs: 1, response_logprobs: true } },
      ["generationConfig.responseLogprobs", "generationConfig.top_logprobs"],
    ],
  ];
  test.each(CASES)("%s → %s %j", (client, to, body, fields) => {
    expect(lossesOf(client, targetOf(to), { ...BASE[client], ...body }).sort()).toEqual(fields.sort());
  });
});
