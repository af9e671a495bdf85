/** Relay with what a model's flags refuse: only that is changed, every other byte stays. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { ModelFlags } from "../../src/ir/target.ts";
import { scanObject } from "../../src/wire/scan.ts";
import { ROUTE, targetOf } from "../matrix/carry.ts";

function relay(dialect: DialectId, body: string, flags: Partial<ModelFlags>): { sent: string; lost: string[] } {
  const target = targetOf(dialect);
  const doc = scanObject(new TextEncoder().encode(body));
  const facts = { ...target, flags: { ...target.flags, ...flags } };
  const { bytes, losses } = DIALECTS[dialect].spliceRequest(doc, { model: "m" }, ROUTE, facts);
  return { sent: new TextDecoder().decode(bytes), lost: losses.map(({ field }) => field) };
}

describe("prefill: false", () => {
  test.each([
    ["openai-chat", "messages", `{"role" : "user","content":"é 1e400"}`, `{"role":"assistant","content":"A city is"}`],
    [
      "openai-responses",
      "input",
      `{"role" : "user","content":"é 1e400"}`,
      `{"role":"assistant","content":"A city is"}`,
    ],
    ["anthropic-messages", "messages", `{"role" : "user","content":"é 1e400"}`, `{"role":"assistant","content":"A"}`],
    ["gemini", "contents", `{"role" : "user","parts":[{"text":"é"}]}`, `{"role":"model","parts":[{"text":"A"}]}`],
  ] as const)("%s: the last turn goes when it is the model's own", (dialect, field, asked, begun) => {
    const body = (turns: string): string => `{"model":"m", "${field}" :[ ${turns} ],"x":1}`;
    const whole = body(`${asked} , ${begun}`);
    expect(relay(dialect, whole, { prefill: false })).toEqual({
      sent: `{"model":"m", "${field}" :[ ${asked}],"x":1}`.replace('"m"', dialect === "gemini" ? '"models/m"' : '"m"'),
      lost: [`${field}[1]`],
    });
    expect(relay(dialect, whole, {}).sent).toContain(begun);
    for (const turns of [asked, begun, `${begun} , ${asked}`]) {
      expect(relay(dialect, body(turns), { prefill: false })).toMatchObject({ lost: [] });
      expect(relay(dialect, body(turns), { prefill: false }).sent).toContain(`[ ${turns} ]`);
    }
  });

  test("calls of tools at the end are no beginning of an answer", () => {
    const calls = `{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}`;
    const body = `{"model":"m","messages":[{"role":"user","content":"q"},${calls}]}`;
    expect(relay("openai-chat", body, { prefill: false })).toEqual({ sent: body, lost: [] });
    const items = `{"model":"m","input":[{"role":"user","content":"q"},{"type":"function_call_output","call_id":"c","output":"o"}]}`;
    expect(relay("openai-responses", items, { prefill: false })).toEqual({ sent: items, lost: [] });
  });
});

describe("Gemini's thinking, asked by level or by budget as the model takes it", () => {
  const sent = (thinking: string, kind: ModelFlags["thinking"]): { config: string; lost: string[] } => {
    const body = `{"contents":[],"generationConfig":{"seed":1, "thinkingConfig":${thinking}}}`;
    const { sent: text, lost } = relay("gemini", body, { thinking: kind });
    return { config: /"thinkingConfig":(\{.*?\})/.exec(text)?.[1] ?? "", lost };
  };
  const budget = "generationConfig.thinkingConfig.thinkingBudget";

  test.each([
    ['{"thinkingBudget":2048,"includeThoughts":true}', '{"includeThoughts":true,"thinkingLevel":"low"}', [budget]],
    ['{"thinking_budget":20000}', '{"thinkingLevel":"high"}', [budget]],
    ['{"thinkingBudget":-1}', "{}", []],
    ['{"thinkingBudget":0}', '{"thinkingLevel":"minimal"}', ["generationConfig.thinkingConfig"]],
    ['{"thinkingLevel":"HIGH", "x":1}', '{"thinkingLevel":"HIGH", "x":1}', []],
    ['{"includeThoughts":true}', '{"includeThoughts":true}', []],
  ])("%s by level: %s", (asked, told, lost) => {
    expect(sent(asked, "adaptive")).toEqual({ config: told, lost });
  });

  test.each([
    ['{"thinkingLevel":"HIGH","includeThoughts":true}', '{"includeThoughts":true,"thinkingBudget":24576}'],
    ['{"thinking_level":"low"}', '{"thinkingBudget":1024}'],
    ['{"thinkingBudget":2048}', '{"thinkingBudget":2048}'],
  ])("%s by budget: %s", (asked, told) => {
    expect(sent(asked, "budget")).toEqual({ config: told, lost: [] });
  });

  test("stays as it is where no flag speaks of it", () => {
    for (const asked of ['{"thinkingBudget": 7}', '{"thinkingLevel": "HIGH"}']) {
      expect(sent(asked, null)).toEqual({ config: asked, lost: [] });
    }
  });
});
