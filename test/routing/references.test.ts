/** Where a request may go that names things kept at a provider. */
import { describe, expect, test } from "bun:test";
import type { ProviderReference } from "../../src/dialects/dialect.ts";
import type { ReferenceHolder } from "../../src/routing/references.ts";
import type { Credential } from "../../src/routing/types.ts";
import { load } from "../catalog/support.ts";
import { type Ask, plan, refused, ways } from "./support.ts";

const catalog = load(`
providers:
  openai: {kind: openai, api_key: k}
  responses: {kind: openai-responses, api_key: k}
  azure: {kind: openai-responses, base_url: "http://127.0.0.1:1/v1", api_key: k}
  anthropic: {kind: anthropic, api_key: k}
models:
  - {id: m, provider: [responses, openai], quality: 90, speed: 30, capabilities: [tools], equivalents: [same], price: {input: 2, output: 10}}
  - {id: z, provider: azure, quality: 80, speed: 90, capabilities: [tools], equivalents: [same], price: {input: 2, output: 10}}
  - {id: c, provider: anthropic, quality: 70, speed: 10, capabilities: [tools], equivalents: [same], price: {input: 2, output: 10}}
`);

const container: ProviderReference = { field: "tools[0].container", kind: "container", id: "cntr_1" };
const inHistory: ProviderReference = { ...container, field: "input[1].container_id", inHistory: true };
const got = (provider: string, credential = "operator", own = true): ReferenceHolder => ({ provider, credential, own });
const byok = (id: string): Credential => ({ id: `byok:${id}`, kind: "byok", apiKey: "own" });

const ask = (holders: readonly ReferenceHolder[], more: Ask = {}, reference = container): Ask => ({
  clientDialect: "openai-responses",
  hints: { references: [reference] },
  holdersOf: () => holders,
  ...more,
});

describe("a thing that the account got", () => {
  test("leads to the provider and credential that gave it, and to no other", () => {
    expect(ways(plan(catalog, "m", { clientDialect: "openai-responses" }))).toHaveLength(3);
    expect(ways(plan(catalog, "m", ask([got("responses")])))).toEqual(["responses/m"]);
  });

  test("is found where a model gave it that stood in for the one asked for, and by routing words", () => {
    expect(ways(plan(catalog, "m", ask([got("azure")])))).toEqual(["azure/z"]);
    for (const provider of ["responses", "azure", "anthropic"]) {
      expect(plan(catalog, "quality", ask([got(provider)])).targets.map((item) => item.provider.name)).toEqual([
        provider,
      ]);
    }
  });

  test("is not there for another account, on another key, or when one of two things is not", () => {
    for (const holders of [
      [],
      [got("responses", "operator", false)],
      [got("responses", "byok:1")],
      [got("elsewhere")],
    ]) {
      for (const name of ["m", "quality"]) {
        expect(refused(() => plan(catalog, name, ask(holders)))).toMatchObject({
          status: 404,
          code: "not_found",
          param: "tools[0].container",
        });
      }
    }
    const second: ProviderReference = { field: "input[0].content[0].file_id", kind: "file", id: "file_1" };
    const two = ask([], {
      hints: { references: [container, second] },
      holdersOf: ({ kind }) => (kind === "container" ? [got("responses")] : []),
    });
    expect(refused(() => plan(catalog, "m", two)).param).toBe(second.field);
  });
});

describe("a key of the customer's own", () => {
  const credentials = () => [byok("1"), byok("2")];

  test("reaches what the gateway has never seen, at the first of its providers only", () => {
    const found = plan(catalog, "m", ask([], { credentials }));
    expect(found.targets.map((item) => [item.provider.name, item.credential.id])).toEqual([["responses", "byok:1"]]);
  });

  test("is the one that got the thing, when there are several", () => {
    const found = plan(catalog, "m", ask([got("responses", "byok:2")], { credentials }));
    expect(found.targets.map((item) => item.credential.id)).toEqual(["byok:2"]);
  });

  test("does not reach what came by the operator's, to this account or to another", () => {
    for (const own of [true, false]) {
      const asked = ask([got("responses", "operator", own)], { credentials });
      expect(refused(() => plan(catalog, "responses/m", asked)).status).toBe(404);
    }
  });
});

describe("a thing in an earlier answer that the client sends along", () => {
  test("closes no provider that speaks another dialect, and is told to nobody but its owner's", () => {
    expect(ways(plan(catalog, "c", ask([], {}, inHistory)))).toEqual(["anthropic/c", "openai/m"]);
    expect(ways(plan(catalog, "m", ask([got("responses")], {}, inHistory)))).toEqual([
      "responses/m",
      "anthropic/c",
      "openai/m",
    ]);
    for (const holders of [[], [got("responses", "operator", false)]]) {
      const dialects = plan(catalog, "azure/z", ask(holders, {}, inHistory)).targets.map((item) => item.dialect);
      expect(dialects).toEqual(["openai-chat", "anthropic-messages"]);
    }
  });
});
