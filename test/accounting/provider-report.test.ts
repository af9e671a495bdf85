/** Reports of costs as providers export them, and how they are matched and held against our own. */
import { expect, test } from "bun:test";
import { reconcile } from "../../src/accounting/drift.ts";
import { modelNames } from "../../src/accounting/model-match.ts";
import { readProviderReport, ReportError } from "../../src/accounting/provider-report.ts";
import { parseDecimal, toDecimal } from "../../src/lib/rational.ts";
import { catalogOf } from "../http/support.ts";

const read = (text: string) => {
  const { rows, days } = readProviderReport(text);
  return { rows: rows.map(({ day, label, costUsd }) => [day, label, toDecimal(costUsd)]), days };
};
const day = (date: string): number => Date.parse(date) / 1_000;

test("OpenAI's costs as JSON: buckets of days, line items, exact amounts", () => {
  const bucket = (date: string, results: string): string =>
    `{"object":"bucket","start_time":${day(date)},"end_time":${day(date) + 86_400},"results":[${results}]}`;
  const item = (value: string, name: string): string =>
    `{"object":"organization.costs.result","amount":{"value":${value},"currency":"usd"},"line_item":${name},"project_id":null}`;
  const page = `{"object":"page","data":[${bucket("2026-11-20", `${item("0.1", '"gpt-4o-2024-08-06, input"')},${item("1.5e-7", '"gpt-4o-2024-08-06, output"')},${item("0.12345678901234567890", "null")}`)},${bucket("2026-11-21", "")}],"has_more":false,"next_page":null}`;
  const expected = {
    rows: [
      ["2026-11-20", "gpt-4o-2024-08-06", "0.1"],
      ["2026-11-20", "gpt-4o-2024-08-06", "0.00000015"],
      ["2026-11-20", null, "0.1234567890123456789"],
    ],
    days: ["2026-11-20", "2026-11-21"],
  };
  expect(read(page)).toEqual(expected);
  expect(read(`[${page}]`)).toEqual(expected);
  expect(read(`${page}\n${page}\n`).rows).toHaveLength(6);
});

test("Anthropic's cost report as JSON: amounts in cents, as text", () => {
  const result = (amount: string, model: string | null, description: string | null) => ({
    currency: "USD",
    amount,
    workspace_id: null,
    description,
    cost_type: model === null ? "web_search" : "tokens",
    model,
  });
  const page = {
    data: [
      {
        starting_at: "2026-11-20T00:00:00Z",
        ending_at: "2026-11-21T00:00:00Z",
        results: [
          result("123.45", "claude-haiku-4-5-20251001", "Claude Haiku 4.5 Usage - Input Tokens"),
          result("10", null, "Web Search Usage"),
        ],
      },
    ],
    has_more: false,
    next_page: null,
  };
  expect(read(JSON.stringify(page)).rows).toEqual([
    ["2026-11-20", "claude-haiku-4-5-20251001", "1.2345"],
    ["2026-11-20", "Web Search Usage", "0.1"],
  ]);
});

test("CSV: OpenAI's export, the Claude Console's, and any with day, model and cost", () => {
  const openai = `start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id
${day("2026-11-20")},0,2026-11-20T00:00:00+00:00,2026-11-21T00:00:00+00:00,0.5600000000000000000,usd,"gpt-4o, output",
${day("2026-11-21")},0,2026-11-21T00:00:00+00:00,2026-11-22T00:00:00+00:00,,,,`;
  expect(read(openai)).toEqual({ rows: [["2026-11-20", "gpt-4o", "0.56"]], days: ["2026-11-20", "2026-11-21"] });
  const claude = `usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd,list_price_usd,cost_type
2026-11-20,Claude Haiku 4.5,Default,key,message,output,0.05,0.06,token
2026-11-20,,Default,key,message,,0.02,0.02,web_search`;
  expect(read(claude).rows).toEqual([
    ["2026-11-20", "Claude Haiku 4.5", "0.05"],
    ["2026-11-20", "web_search", "0.02"],
  ]);
  expect(read('\uFEFFday;model;cost_usd\r\n2026-11-20;"a ""b""; c";1.25\r\n\r\n').rows).toEqual([
    ["2026-11-20", 'a "b"; c', "1.25"],
  ]);
});

test("what is no report says why", () => {
  const refused = (text: string): string => {
    try {
      readProviderReport(text);
    } catch (error) {
      if (error instanceof ReportError) return error.message;
      throw error;
    }
    return "";
  };
  expect(refused("")).toContain("the first line must name a day");
  expect(refused("a,b\n1,2")).toContain("but has: a, b");
  expect(refused('{"error":{}}')).toContain("no `data`");
  expect(refused("{oops")).toContain("none");
  expect(refused('{"data":[{"start_time":1763596800,"results":[{"input_tokens":5}]}]}')).toContain("not the usage");
  expect(refused("day,model,cost_usd\nsoon,m,1")).toContain('record 2: "soon" is no day');
  expect(refused("day,model,cost_usd\n2026-11-20,m,many")).toContain('record 2: "many" is no amount');
  expect(refused("day,model,cost_usd,currency\n2026-11-20,m,1,eur")).toContain("not in eur");
});

test("providers' names of models are found in the catalog", () => {
  const names = modelNames(
    catalogOf(`
billing: {currency: USD, fx: {USD: 1}}
providers:
  openai: {kind: openai, base_url: "https://api.openai.com/v1"}
  anthropic: {kind: anthropic, base_url: "https://api.anthropic.com"}
models:
  - {id: gpt-4o, provider: openai, price: {input: 1, output: 1}}
  - {id: gpt-4o-flex, upstream: gpt-4o, provider: openai, service_tier: flex, price: {input: 1, output: 1}}
  - {id: gpt-4o-2024-05-13, provider: openai, price: {input: 1, output: 1}}
  - {id: claude-haiku-4-5, upstream: claude-haiku-4-5-20251001, provider: anthropic, price: {input: 1, output: 1}}
`),
    "openai",
  );
  expect(
    ["gpt-4o", "GPT-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-05-13", "Claude Haiku 4.5", "Web Search"].map(
      names.ofTheirs,
    ),
  ).toEqual(["gpt-4o", "gpt-4o", "gpt-4o", "gpt-4o-2024-05-13", null, null]);
  expect(["gpt-4o-flex", "gone"].map(names.ofOurs)).toEqual(["gpt-4o", "gone"]);
});

test("drift is exact at the threshold; rows of one side have drifted whole", () => {
  const cost = (on: string, model: string, usd: string) => ({ day: on, model, costUsd: parseDecimal(usd) });
  const limits = { thresholdPercent: parseDecimal("1"), leastUsd: parseDecimal("0") };
  const at = (ours: string, theirs: string) =>
    reconcile([cost("d", "m", ours)], [cost("d", "m", theirs)], limits).alarm;
  expect([at("1.01", "1"), at("1.010000000000000001", "1"), at("0.99", "1"), at("0.98999", "1")]).toEqual([
    false,
    true,
    false,
    true,
  ]);
  const result = reconcile([cost("d1", "a", "0.1"), cost("d1", "a", "0.2")], [cost("d1", "b", "0.3")], limits);
  expect(result.rows.map(({ model, ours, theirs, over }) => [model, ours === null, theirs === null, over])).toEqual([
    ["a", false, true, true],
    ["b", true, false, true],
  ]);
  expect([toDecimal(result.ours), toDecimal(result.drift), result.alarm]).toEqual(["0.3", "0", true]);
  const lenient = { ...limits, leastUsd: parseDecimal("0.3") };
  expect(reconcile([cost("d1", "a", "0.3")], [cost("d1", "b", "0.3")], lenient).alarm).toBe(false);
});
