/** Every mistake is told at once, with its place and what to do about it. */
import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { formatProblem, loadCatalog } from "../../src/catalog/load.ts";
import { load, minimal, problems, projectFile } from "./support.ts";

const told = (text: string, env: Record<string, string> = {}): string[] =>
  problems(text, env).map((problem) => formatProblem(problem).replace(/^catalog\.yaml:/, ""));

test("all mistakes of one file come together, in the order of the file", () => {
  const text = `barnd: {name: X}
billing: {currency: MYR, markup_percent: -3}
providers:
  openai: {kind: opnai, base_url: "ftp://x"}
  b: {kind: anthropic, api_key: 5}
  __proto__: {kind: echo}
models:
  - {id: a, provider: opena, price: {input: 1e-3, output: 99999999999}}
  - {id: b, provider: b, price: {inptu: 1, output: 2}, context: "big"}
  - {id: b, provider: b, price: {input: 1, output: 2}}
  - 5
aliases: {a: b, x: y, y: x, z: z, q: aa}
`;
  expect(told(text)).toEqual([
    '1:1: barnd: unknown key "barnd"; did you mean "brand"?',
    "2:21: billing.currency: no rate for MYR; add billing.fx.MYR, units per 1 USD",
    "2:42: billing.markup_percent: must not be negative: -3",
    '4:18: providers.openai.kind: "opnai" is not known here; did you mean "openai"?',
    "4:35: providers.openai.base_url: must be an http or https address, such as https://api.example.com/v1",
    "5:33: providers.b.api_key: must be text, not a number; put it in quotes",
    '6:3: providers.__proto__: the key "__proto__" is not allowed; rename it',
    '8:23: models[0].provider: no provider is called "opena"; did you mean "openai"?',
    '8:45: models[0].price.input: must be a plain decimal such as 1.25, not "1e-3"',
    "8:59: models[0].price.output: 99999999999 is beyond the largest amount allowed here, 1000000; check the unit",
    '9:34: models[1].price.inptu: unknown key "inptu"; did you mean "input"?',
    '9:65: models[1].context: must be a whole number, not the text "big"',
    "10:10: models[2].id: b stands twice at provider b; remove one or rename it",
    "11:5: models[3]: must be a mapping (key: value), not a number",
    "12:14: aliases.a: a is a model already; a name is a model or an alias, so rename one of them",
    "12:20: aliases.x: aliases go in a circle: x → y → x; point one of them to a model",
    "12:26: aliases.y: aliases go in a circle: y → x → y; point one of them to a model",
    '12:38: aliases.q: no model, alias or word is called "aa"; did you mean "a"?',
  ]);
});

/** Bad text → the one line that must be among what is told. */
const CASES: [name: string, text: string, line: string][] = [
  ["nothing", "", "1:1: the file is empty; it needs at least providers and models"],
  ["a list", "- 1", "1:1: must be a mapping (key: value), not a list"],
  ["no models", "providers: {}\n", '1:1: models: "models" is missing; add it'],
  ["models empty", "providers: {}\nmodels: []\n", "2:9: models: must not be empty"],
  ["a tab", "providers:\n\topenai: {kind: openai}\n", "2:1: YAML: Tabs are not allowed as indentation"],
  [
    "a key twice",
    minimal({ more: "aliases: {a: gpt-5, a: gpt-5}" }),
    "9:21: the key stands twice in this mapping; remove one of them",
  ],
  [
    "a custom tag",
    minimal({ more: "brand: !!js/function {name: X}" }),
    "9:8: custom YAML tags are not allowed; remove the tag",
  ],
  ["two documents", "a: 1\n---\nb: 2\n", "2:1: the file must be one YAML document; remove the --- in the middle"],
  [
    "a float price",
    minimal({ models: "  - {id: x, provider: openai, price: {input: .5, output: 1}}" }),
    '8:46: models[2].price.input: must be a plain decimal such as 1.25, not ".5"',
  ],
  [
    "infinite",
    minimal({ models: "  - {id: x, provider: openai, price: {input: .inf, output: 1}}" }),
    '8:46: models[2].price.input: must be a plain decimal such as 1.25, not ".inf"',
  ],
  [
    "too fine",
    minimal({ more: "billing: {byok_fee: 0.0000000001}" }),
    "9:21: billing.byok_fee: 0.0000000001: more than nine decimal places",
  ],
  [
    "a price without parts",
    minimal({ models: "  - {id: x, provider: openai, price: {per_image: 1, inputs: 2}}" }),
    '8:53: models[2].price.inputs: unknown key "inputs"; did you mean "input"?',
  ],
  [
    "an empty price",
    minimal({ models: "  - {id: x, provider: openai, price: {modifiers: {flex: 0.5}}}" }),
    "8:38: models[2].price: prices neither tokens nor images nor calls; add input and output in USD per 1M tokens, or price: free",
  ],
  [
    "price dates",
    minimal({
      models:
        "  - {id: x, provider: openai, prices: [{from: 2026-01-01, input: 1, output: 1}, {from: 2026-01-01, input: 2, output: 2}]}",
    }),
    "8:81: models[2].prices[1]: overlaps another row that begins on the same day; give each row a from date of its own",
  ],
  [
    "no date",
    minimal({ models: "  - {id: x, provider: openai, prices: [{from: soon, input: 1, output: 1}]}" }),
    '8:47: models[2].prices[0].from: must be a date such as 2026-01-31, not "soon"',
  ],
  [
    "price twice",
    minimal({ models: "  - {id: x, provider: openai, price: {input: 1, output: 1}, prices: [{input: 1, output: 1}]}" }),
    "8:69: models[2].prices: price and prices exclude each other; move the row into prices with a from date",
  ],
  [
    "a capability",
    minimal({ models: "  - {id: x, provider: openai, capabilities: [tool]}" }),
    '8:46: models[2].capabilities[0]: "tool" is not known here; did you mean "tools"?',
  ],
  [
    "a flex alias without price",
    minimal({ more: "aliases: {flex: {to: gpt-5, service_tier: flex}}" }),
    "9:17: aliases.flex: gpt-5 has no price for service tier flex; add flex to the price modifiers of gpt-5",
  ],
  [
    "a compatible server without address",
    minimal({ providers: "  local: {kind: openai-compatible}" }),
    "4:10: providers.local: base_url is missing; add the address that /chat/completions is appended to",
  ],
  [
    "a key in an address",
    minimal({ providers: '  local: {kind: openai-compatible, base_url: "http://u:p@x"}' }),
    "4:46: providers.local.base_url: must not hold credentials; put the key into api_key",
  ],
  [
    "a name that no header has",
    minimal({ providers: '  local: {kind: openai-compatible, base_url: "http://x", headers: {"X-Ü": "a"}}' }),
    '4:75: providers.local.headers["X-Ü"]: is no name of a header',
  ],
  [
    "a header that would end its message",
    minimal({ providers: '  local: {kind: openai-compatible, base_url: "http://x", headers: {Content-Length: "0"}}' }),
    "4:84: providers.local.headers.Content-Length: is set by the gateway itself",
  ],
  [
    "a header of two lines",
    minimal({ providers: '  local: {kind: anthropic, compat: {headers: {X-A: "b\\r\\nX-B: c"}}}' }),
    "4:52: providers.local.compat.headers.X-A: holds characters that no header can carry",
  ],
  [
    "a key of two lines",
    minimal({ providers: '  local: {kind: anthropic, api_key: "sk-a\\nsk-b"}' }),
    "4:37: providers.local.api_key: holds characters that no header can carry",
  ],
  [
    "a variable",
    minimal({ more: 'brand: {name: "${NAME}"}' }),
    "9:15: brand.name: the variable NAME is not set; set it or write ${NAME:-value}",
  ],
  [
    "a time zone",
    minimal({ more: "billing: {timezone: Mars/Olympus}" }),
    '9:21: billing.timezone: "Mars/Olympus" is no time zone; write one such as Asia/Kuala_Lumpur',
  ],
  [
    "a rate of zero",
    minimal({ more: "billing: {fx: {EUR: 0}}" }),
    "9:21: billing.fx.EUR: must be more than 0: units of the currency per 1 USD",
  ],
  [
    "a dollar of two",
    minimal({ more: "billing: {fx: {USD: 2}}" }),
    "9:21: billing.fx.USD: 1 USD is 1 USD; remove the line or write 1",
  ],
  [
    "a word's model",
    minimal({ more: "routing: {words: {fast: {strategy: fast, models: [gpt5]}}}" }),
    '9:51: routing.words.fast.models[0]: no model is called "gpt5"; did you mean "gpt-5"?',
  ],
  [
    "a word that is a model",
    minimal({ more: "routing: {words: {gpt-5: {strategy: fast}}}" }),
    "9:26: routing.words.gpt-5: gpt-5 is a model already; rename the word",
  ],
  [
    "a default model",
    minimal({ more: "routing: {default_model: gpt-6}" }),
    '9:26: routing.default_model: no model, alias or word is called "gpt-6"; did you mean "gpt-5"?',
  ],
  [
    "a tier",
    minimal({ more: "access: {default_tier: paid}" }),
    '9:24: access.default_tier: no tier is called "paid"; add it under access.tiers',
  ],
  [
    "a JWT without source",
    minimal({ more: "access: {jwt: {algorithms: [RS256], secret: s}}" }),
    "9:28: access.jwt.algorithms: none of them can be verified: RS, PS, ES and EdDSA need jwks_file or jwks_url",
  ],
  [
    "a dated id twice",
    minimal({ models: "  - {id: x, provider: openai, dated: [gpt-5], price: free}" }),
    "8:39: models[2].dated[0]: gpt-5 is a model of its own; remove it here or there",
  ],
  [
    "a cap over the output",
    minimal({ models: "  - {id: x, provider: openai, max_output: 10, default_output_cap: 20, price: free}" }),
    "8:67: models[2].default_output_cap: is more than max_output (10); lower it",
  ],
  [
    "a key's pattern",
    minimal({ more: 'brand: {header_prefix: "X Y"}' }),
    '9:24: brand.header_prefix: "X Y" does not fit ^[A-Za-z][A-Za-z0-9-]*$',
  ],
  [
    "a boolean",
    minimal({ more: "features: {docs: yes}" }),
    '9:18: features.docs: must be true or false, not the text "yes"',
  ],
];

describe("a mistake is told with place and fix", () => {
  test.each(CASES)("%s", (_name, text, line) => {
    expect(told(text)).toContain(line);
  });
});

test("aliases of YAML are followed, a hundred of them and no more", () => {
  const row = (count: number): string =>
    minimal({
      more: `aliases:\n  a: &target gpt-5\n${Array.from({ length: count }, (_, i) => `  b${i}: *target`).join("\n")}`,
    });
  expect(load(row(100)).aliases.get("b99")?.to).toBe("gpt-5");
  expect(told(row(101))).toContain("111:9: more than 100 YAML aliases; write the values out");
});

test("an alias inside its own anchor ends, and is told", () => {
  const lines = told(minimal({ more: "routing: &r {words: {fast: *r}}" }));
  expect(lines.some((line) => line.includes("routing.words.fast"))).toBe(true);
});

test("keys that would change a prototype are refused wherever names are free", () => {
  for (const key of ["__proto__", "constructor", "prototype"]) {
    for (const block of ["aliases", "providers"]) {
      const text =
        block === "aliases"
          ? minimal({ more: `aliases: {${key}: gpt-5}` })
          : minimal({ providers: `  ${key}: {kind: echo}` });
      expect(told(text).some((line) => line.includes(`the key "${key}" is not allowed`))).toBe(true);
    }
  }
});

test("a bad markup in the environment is told", () => {
  expect(told(minimal(), { LLM_MARKUP_PERCENT: "a lot" })).toEqual([
    "1:1: billing.markup_percent: LLM_MARKUP_PERCENT in the environment must be a decimal such as 30 or 12.5",
  ]);
});

test("a secret never shows in a problem", () => {
  const text = minimal({ providers: '  x: {kind: anthropic, base_url: "${URL}", api_key: "${KEY}"}' });
  const shown = told(text, { URL: "http://canary-secret@x", KEY: "canary-secret" }).join("\n");
  expect(shown).toContain("must not hold credentials");
  expect(shown).not.toContain("canary");
});

test("no text makes the loader throw", () => {
  const good = projectFile("managed");
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.nat(40), fc.string({ maxLength: 12 }))
    .map(([at, cut, insert]) => good.slice(0, at) + insert + good.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string({ unit: "binary", maxLength: 300 })), (text) => {
      const loaded = loadCatalog(text, { file: "x", env: {} });
      if (loaded.ok) return;
      expect(loaded.problems.length).toBeGreaterThan(0);
      for (const problem of loaded.problems) {
        expect(problem.line).toBeGreaterThan(0);
        expect(problem.column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 300 },
  );
});
