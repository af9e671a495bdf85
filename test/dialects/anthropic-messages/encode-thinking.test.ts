/** Sampling, thinking, and reasoning that goes back to its minter. */
import { describe, expect, test } from "bun:test";
import type { GenerateRequest, Part, Turn } from "../../../src/ir/request.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import { type TargetFacts } from "../../../src/ir/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { turn, user, call, result, tool, without, encode, contentOf } from "./encode-support.ts";
import { FLAGS, TARGET } from "./support.ts";

describe("sampling and thinking", () => {
  const sampling = { temperature: 1.5, topP: 0.9, topK: 5 };
  test("temperatures end at 1; top_p gives way to temperature", () => {
    const { body, lost } = encode({ sampling });
    expect(body).toMatchObject({ temperature: 1, top_k: 5 });
    expect(body.top_p).toBeUndefined();
    expect(lost).toEqual(["top_p", "temperature"]);
  });

  test("a model that refuses sampling gets none", () => {
    const { body, lost } = encode({ sampling }, { ...TARGET, flags: { ...FLAGS, sampling: false } });
    expect([body.temperature, body.top_p, body.top_k]).toEqual([undefined, undefined, undefined]);
    expect(lost).toEqual(["temperature", "top_p", "top_k"]);
  });

  test("beside thinking only what the API takes", () => {
    const { body, lost } = encode({ sampling, maxOutput: 9000, reasoning: { mode: "on", effort: "low" } });
    expect(body).toMatchObject({ thinking: { type: "enabled", budget_tokens: 2048 } });
    expect(lost).toEqual(["temperature", "top_p", "top_k"]);
  });

  const adaptive: TargetFacts = { ...TARGET, flags: { ...FLAGS, thinking: "adaptive" } };
  const cases: [string, GenerateRequest["reasoning"], TargetFacts, number, JsonObject, string[]][] = [
    [
      "effort by budget",
      { mode: "on", effort: "high" },
      TARGET,
      64000,
      { thinking: { type: "enabled", budget_tokens: 16384 } },
      [],
    ],
    [
      "effort by little room",
      { mode: "on", effort: "high" },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 4000 } },
      [],
    ],
    ["no room", { mode: "on", effort: "low" }, TARGET, 1000, {}, ["reasoning"]],
    [
      "own budget",
      { mode: "on", budget: 4999, display: "summary" },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 4999, display: "summarized" } },
      [],
    ],
    [
      "budget above the cap",
      { mode: "on", budget: 9000 },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 4000 } },
      ["reasoning.budget"],
    ],
    [
      "small budget",
      { mode: "on", budget: 100 },
      TARGET,
      5000,
      { thinking: { type: "enabled", budget_tokens: 1024 } },
      ["reasoning.budget"],
    ],
    [
      "dynamic budget",
      { mode: "on", budget: -1 },
      TARGET,
      64000,
      { thinking: { type: "enabled", budget_tokens: 8192 } },
      [],
    ],
    [
      "adaptive",
      { mode: "on", effort: "xhigh", display: "none" },
      adaptive,
      5000,
      { thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "xhigh" } },
      [],
    ],
    [
      "adaptive from budget",
      { mode: "on", budget: 3000 },
      adaptive,
      5000,
      { thinking: { type: "adaptive" }, output_config: { effort: "medium" } },
      ["reasoning.budget"],
    ],
    [
      "minimal",
      { mode: "on", effort: "minimal" },
      adaptive,
      5000,
      { thinking: { type: "adaptive" }, output_config: { effort: "low" } },
      ["reasoning.effort"],
    ],
    ["off", { mode: "off" }, adaptive, 5000, { thinking: { type: "disabled" } }, []],
    ["effort none", { mode: "on", effort: "none" }, TARGET, 5000, { thinking: { type: "disabled" } }, []],
    ["a model that does not think", { mode: "on", effort: "low" }, without("reasoning"), 5000, {}, ["reasoning"]],
    ["off for a model that does not think", { mode: "off" }, without("reasoning"), 5000, {}, []],
  ];
  for (const [name, reasoning, target, maxOutput, expected, losses] of cases) {
    test(name, () => {
      const { body, lost } = encode({ reasoning, maxOutput }, target);
      const { thinking, output_config } = body;
      expect(JSON.parse(JSON.stringify({ thinking, output_config }))).toEqual(expected);
      expect(lost).toEqual(losses);
    });
  }

  test("thinking gives way to a forced tool", () => {
    const toolChoice = { mode: "required" as const, names: [], parallel: null };
    const { body, lost } = encode({ tools: [tool], toolChoice, maxOutput: 9000, reasoning: { mode: "on" } });
    expect([body.thinking, body.tool_choice, lost]).toEqual([undefined, { type: "any" }, ["reasoning"]]);
  });

  const seal: Seal = {
    origin: "anthropic-messages",
    kind: "signature",
    provider: "anthropic",
    realm: "anthropic",
    model: "m",
    value: "sig",
  };
  const loop = (...parts: Part[]): Turn[] => [
    user("x"),
    turn("assistant", ...parts, call("a")),
    turn("user", result("a")),
  ];

  test("in a tool loop thinking needs the last assistant message to begin with it", () => {
    const reasoning = { mode: "on" as const, budget: 2000 };
    const signed: Part = { type: "reasoning", form: "summary", text: "hm", path: "r", seal };
    expect(encode({ turns: loop(signed), reasoning, maxOutput: 9000 })).toMatchObject({
      body: { thinking: {} },
      lost: [],
    });
    expect(encode({ turns: loop(), reasoning, maxOutput: 9000 }).lost).toEqual(["reasoning"]);
    expect(encode({ turns: loop(), reasoning, maxOutput: 9000 }, adaptive).body.thinking).toEqual({ type: "adaptive" });
  });

  test("reasoning goes back to its minter only", () => {
    const blocks = (part: Part, target = TARGET): [JsonObject | undefined, string[]] => {
      const { body, lost } = encode({ turns: loop(part) }, target);
      return [contentOf(body, 1)[0], lost];
    };
    const part: Part = { type: "reasoning", form: "summary", text: "hm", path: "r" };
    expect(blocks({ ...part, seal })).toEqual([{ type: "thinking", thinking: "hm", signature: "sig" }, []]);
    const redacted: Part = { ...part, form: "redacted", text: "", seal: { ...seal, kind: "redacted", value: "d" } };
    expect(blocks(redacted)).toEqual([{ type: "redacted_thinking", data: "d" }, []]);
    for (const foreign of [
      { ...seal, realm: "aws" },
      { ...seal, origin: "gemini" as const, realm: "google" },
      undefined,
    ]) {
      const [first, lost] = blocks(foreign === undefined ? part : { ...part, seal: foreign });
      expect(first?.type).toBe("tool_use");
      expect(lost).toEqual(["r"]);
    }
  });

  test("a foreign seal on a tool call is lost, the call stays", () => {
    const sealed: Part = {
      ...call("a"),
      seal: { ...seal, origin: "gemini", kind: "thought-signature", realm: "google" },
    };
    const { body, lost } = encode({ turns: [user("x"), turn("assistant", sealed), turn("user", result("a"))] });
    expect(contentOf(body, 1)).toEqual([{ type: "tool_use", id: "a", name: "f", input: {} }]);
    expect(lost).toEqual(["p"]);
  });
});
