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

function translate(client: DialectId, target: TargetFacts, body: JsonObject): { sent: string; fields: string[] } {
  const request = DIALECTS[client].decodeRequest(body, { route: ROUTE, seals });
  const { body: sent, losses } = DIALECTS[target.dialect].encodeRequest(request, target);
  const lost = [...nameInside(request, losses), ...lostExtras(request, target.dialect, losses)];
  const told = [...(request.losses ?? []), ...inClientWords(DIALECTS[client], lost, body)];
  return { sent: JSON.stringify(sent), fields: told.map(({ field }) => field) };
}

const lossesOf = (client: DialectId, target: TargetFacts, body: JsonObject): string[] =>
  translate(client, target, body).fields;

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

/** The body once for each object in it, with a field in that object which nobody knows, and its place. */
function* withUnknown(body: JsonObject, path = ""): Generator<{ body: JsonObject; place: string }> {
  yield { body: { ...body, zz: 1 }, place: path === "" ? "zz" : `${path}.zz` };
  for (const [name, value] of Object.entries(body)) {
    const at = path === "" ? name : `${path}.${name}`;
    if (isObject(value))
      for (const inner of withUnknown(value, at)) yield { ...inner, body: { ...body, [name]: inner.body } };
    if (!Array.isArray(value)) continue;
    for (const [index, item] of value.entries()) {
      if (!isObject(item)) continue;
      for (const inner of withUnknown(item, `${at}[${index}]`)) {
        yield { ...inner, body: { ...body, [name]: value.with(index, inner.body) } };
      }
    }
  }
}

/** Told by its place, or with what it stands in. */
const isTold = (place: string, fields: readonly string[]): boolean =>
  fields.some((field) => place === field || place.startsWith(`${field}.`) || place.startsWith(`${field}[`));

describe("a field that nobody knows, in any object of any feature, is sent on or told", () => {
  for (const client of DIALECT_IDS) {
    test.each(DIALECT_IDS.map((to) => [to]))(`${client} → %s`, (to) => {
      const silent: string[] = [];
      for (const { name, asked } of Object.values(FEATURES).flat()) {
        const fields = asked[client];
        // The tools that are not among those which may be called are left out as a whole.
        if (fields === null || name === "tool choice: some of the tools") continue;
        for (const { body, place } of withUnknown({ ...BASE[client], ...fields })) {
          const { sent, fields: told } = translate(client, targetOf(to), body);
          if (!/\bzz\b/.test(sent) && !isTold(place, told)) silent.push(`${name}: ${place}`);
        }
      }
      expect(silent).toEqual([]);
    });
  }
});

const messages = [{ role: "user", content: "q" }];

describe("a field that its API knows, where it means nothing, is told", () => {
  const fn = { type: "function", function: { name: "f" } };
  const tool = { name: "f", input_schema: { type: "object", properties: {} } };
  const said = (content: JsonValue): JsonObject => ({ messages: [{ role: "user", content }] });
  const CASES: [DialectId, JsonObject, string][] = [
    [
      "openai-chat",
      { messages: [{ role: "user", content: "q", tool_calls: [{ id: "c", ...fn }] }] },
      "messages[0].tool_calls",
    ],
    ["openai-chat", { messages: [{ role: "user", content: "q", tool_call_id: "c" }] }, "messages[0].tool_call_id"],
    [
      "openai-chat",
      said([{ type: "image_url", image_url: "https://a.b/c.png", file: { file_id: "f" } }]),
      "messages[0].content[0].file",
    ],
    [
      "openai-chat",
      { messages, response_format: { type: "json_object", json_schema: { name: "o" } } },
      "response_format.json_schema",
    ],
    ["openai-chat", { messages, tools: [fn], tool_choice: { ...fn, allowed_tools: {} } }, "tool_choice.allowed_tools"],
    [
      "openai-responses",
      {
        input: [
          { type: "function_call", call_id: "c", name: "f", arguments: "{}", input: "x" },
          { type: "function_call_output", call_id: "c", output: "r" },
        ],
      },
      "input[0].input",
    ],
    ["openai-responses", { input: "q", text: { format: { type: "json_object", name: "o" } } }, "text.format.name"],
    [
      "openai-responses",
      {
        input: "q",
        tools: [{ type: "function", name: "f" }],
        tool_choice: { type: "function", name: "f", mode: "auto" },
      },
      "tool_choice.mode",
    ],
    ["anthropic-messages", { messages, tools: [tool], tool_choice: { type: "any", name: "f" } }, "tool_choice.name"],
    ["anthropic-messages", { messages, thinking: { type: "adaptive", budget_tokens: 2000 } }, "thinking.budget_tokens"],
  ];
  test.each(CASES)("%s %j: %s", (client, body, place) => {
    for (const to of DIALECT_IDS.filter((id) => id !== client)) {
      expect(lossesOf(client, targetOf(to), { ...BASE[client], ...body })).toContain(place);
    }
  });
});

describe("other names of the same", () => {
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
      ["generation_config.response_logprobs", "generation_config.top_logprobs"],
    ],
  ];
  test.each(CASES)("%s → %s %j", (client, to, body, fields) => {
    expect(lossesOf(client, targetOf(to), { ...BASE[client], ...body }).sort()).toEqual(fields.sort());
  });
});
