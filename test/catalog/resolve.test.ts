import { expect, test } from "bun:test";
import { resolve } from "../../src/catalog/resolve.ts";
import { nearestNames } from "../../src/catalog/nearest.ts";
import { allowedByGlobs, matchesGlob, modelNames } from "../../src/catalog/globs.ts";
import { load, minimal } from "./support.ts";

const catalog = load(
  minimal({
    providers: "  responses: {kind: openai-responses, api_key: k}",
    models: `  - {id: acme/deep/model, provider: openai, price: {input: 1, output: 1}}
  - {id: gpt-5.2, provider: [openai, responses], dated: [gpt-5.2-first], price: {input: 1, output: 1, modifiers: {flex: 0.5}}}
  - {id: pro, provider: responses, price: {input: 1, output: 1}}
  - {id: cheap, provider: openai, service_tier: flex, price: {input: 1, output: 1, modifiers: {flex: 0.5}}}`,
    more: `aliases:
  gpt: gpt-5.2
  gpt-flex: {to: gpt-5.2, service_tier: flex}
  latest: gpt
  clever: auto
  clever-flex: {to: auto, service_tier: flex}
  haiku: claude-haiku-4-5
  haiku-20990101: gpt-5`,
  }),
);

/** `model[:tier][ <alias]`, or what else it is. */
function told(name: string): string {
  const found = resolve(catalog, name);
  if (found.kind === "unknown") return `? ${found.nearest.join(" ")}`.trim();
  if (found.kind === "word")
    return `word ${found.word.name}${found.word.serviceTier === null ? "" : `:${found.word.serviceTier}`}`;
  const tier = found.serviceTier === null ? "" : `:${found.serviceTier}`;
  return `${found.model.provider}/${found.model.id}${tier}${found.viaAlias === null ? "" : ` <${found.viaAlias}`}`;
}

test.each([
  ["gpt-5", "openai/gpt-5"],
  ["acme/deep/model", "openai/acme/deep/model"],
  ["openai/acme/deep/model", "openai/acme/deep/model"],
  ["models/gpt-5", "openai/gpt-5"],
  ["models/openai/gpt-5", "openai/gpt-5"],
  ["openai/gpt-5", "openai/gpt-5"],
  ["anthropic/claude-haiku-4-5", "anthropic/claude-haiku-4-5"],
  ["anthropic/claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"],
  ["anthropic/haiku", "anthropic/claude-haiku-4-5 <haiku"],
  ["openai/gpt-5.2", "openai/gpt-5.2"],
  ["responses/gpt-5.2", "responses/gpt-5.2"],
  ["openai/pro", "responses/pro"],
  ["claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"],
  ["claude-haiku-4-5@20251001", "anthropic/claude-haiku-4-5"],
  ["gpt-5-2025-08-07", "openai/gpt-5"],
  ["gpt-5.2-first", "openai/gpt-5.2"],
  ["haiku-20251001", "anthropic/claude-haiku-4-5 <haiku"],
  ["haiku-20990101", "openai/gpt-5 <haiku-20990101"],
  ["gpt", "openai/gpt-5.2 <gpt"],
  ["latest", "openai/gpt-5.2 <latest"],
  ["gpt-flex", "openai/gpt-5.2:flex <gpt-flex"],
  ["openai/gpt-flex", "openai/gpt-5.2:flex <gpt-flex"],
  ["cheap", "openai/cheap:flex"],
  ["clever", "word auto"],
  ["clever-flex", "word auto:flex"],
  ["fast", "word fast"],
  ["speed", "word speed"],
  ["balanced-flex", "word balanced-flex:flex"],
  ["models/auto", "word auto"],
  ["anthropic/gpt-5", "? gpt-5"],
  ["nobody/gpt-5", "? gpt-5"],
  ["gtp-5", "? gpt-5 gpt gpt-5.2"],
  ["cluade-haiku", "? claude-haiku-4-5 haiku"],
  ["", "?"],
  ["__proto__", "?"],
  ["constructor", "?"],
  ["x".repeat(100_000), "?"],
])("%s stands for %s", (name, expected) => {
  const found = told(name);
  if (expected.startsWith("? ") && expected.includes(" ", 2))
    expect(found.split(" ")).toContain(expected.split(" ")[1] ?? "");
  else expect(found).toBe(expected);
});

test("a provider's name keeps the call at that provider; an organisation's at its providers", () => {
  const alternates = (name: string): string[] => {
    const found = resolve(catalog, name);
    return found.kind === "model" ? (found.model.alternates ?? []).map((row) => row.provider) : [];
  };
  expect(alternates("gpt-5.2")).toEqual(["responses"]);
  expect(alternates("openai/gpt-5.2")).toEqual(["responses"]);
  expect(alternates("responses/gpt-5.2")).toEqual([]);
});

test("nearest names: few edits, parts, and nothing far off", () => {
  const names = ["gpt-5", "gpt-5-mini", "claude-sonnet-4-6", "gemini-2.5-flash"];
  expect(nearestNames("gpt-5-mni", names)).toEqual(["gpt-5-mini", "gpt-5"]);
  expect(nearestNames("gemini-2.5-falsh", names)).toEqual(["gemini-2.5-flash"]);
  expect(nearestNames("sonnet", names)).toEqual(["claude-sonnet-4-6"]);
  expect(nearestNames("llama-3.3-70b", names)).toEqual([]);
});

test("globs", () => {
  expect(matchesGlob("gpt-*", "gpt-5")).toBe(true);
  expect(matchesGlob("*", "")).toBe(true);
  expect(matchesGlob("a*b*c", "aXbYc")).toBe(true);
  expect(matchesGlob("a*b*c", "acb")).toBe(false);
  expect(matchesGlob("ab*ba", "aba")).toBe(false);
  expect(matchesGlob("gpt.5", "gpt-5")).toBe(false);
  expect(matchesGlob("a*".repeat(50), "a".repeat(50_000))).toBe(true);
  const names = modelNames({ id: "claude-haiku-4-5", provider: "anthropic" });
  expect(allowedByGlobs([["anthropic/*"]], names)).toBe(true);
  expect(allowedByGlobs([["anthropic/*"], ["gpt-*"]], names)).toBe(false);
  expect(allowedByGlobs([[], []], names)).toBe(true);
});
