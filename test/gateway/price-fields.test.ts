/**
 * Fields that change the price, over HTTP: on the operator's key they reach a provider only where the price row covers them; through another
 * dialect they cost nothing, because they don't get there; on a key of the customer's own they pass.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { catalogOf, clientOf, KINDS, kindOf, model } from "./support.ts";

interface Field {
  body: JsonObject;
  /** As the refusal names it. */
  field: string;
  /** What a provider would be told. */
  mark: RegExp;
  /** What of a price row covers it; left out when none can. */
  cover?: JsonObject;
}

const modifiers = (name: string): JsonObject => ({ modifiers: { [name]: 2 } });
const fee = (name: string): JsonObject => ({ tool_fees: { [name]: { usd: "1", per: 1000 } } });
const tool = (value: JsonObject, name: string, field = "tools[0]"): Field => ({
  body: { tools: [value] },
  field,
  mark: new RegExp(JSON.stringify(Object.values(value)[0])),
  cover: fee(name),
});
const marked = (ttl: string, name = "cache_control"): JsonObject => ({
  messages: [{ role: "user", content: [{ type: "text", text: "hi", [name]: { type: "ephemeral", ttl } }] }],
});

const FIELDS: Readonly<Record<DialectId, readonly Field[]>> = {
  "openai-chat": [
    { body: { service_tier: "priority" }, field: "service_tier", mark: /"priority"/, cover: modifiers("priority") },
    { body: { service_tier: "flex" }, field: "service_tier", mark: /"flex"/, cover: modifiers("flex") },
    { body: { web_search_options: {} }, field: "web_search_options", mark: /web_search/, cover: fee("web_search") },
    {
      body: { search_parameters: { mode: "on" } },
      field: "search_parameters",
      mark: /search_p/,
      cover: fee("web_search"),
    },
    { body: { enable_search: true }, field: "enable_search", mark: /enable_search/, cover: fee("web_search") },
    {
      body: { data_sources: [{ type: "x" }] },
      field: "data_sources",
      mark: /data_sources/,
      cover: fee("data_sources"),
    },
    { body: { models: ["other"] }, field: "models", mark: /"other"/, cover: fee("models") },
    { body: { plugins: [{ id: "web" }] }, field: "plugins", mark: /plugins/, cover: fee("plugins") },
    { body: { provider: { only: ["x"] } }, field: "provider", mark: /"only"/, cover: fee("provider") },
    tool({ type: "web_search" }, "web_search"),
    tool({ type: "mystery" }, "mystery"),
    {
      body: marked("1h"),
      field: "messages[0].content[0].cache_control.ttl",
      mark: /"1h"/,
      cover: { cache_write: { "1h": "2" } },
    },
  ],
  "openai-responses": [
    { body: { service_tier: "priority" }, field: "service_tier", mark: /"priority"/, cover: modifiers("priority") },
    { body: { background: true }, field: "background", mark: /"background":true/ },
    {
      body: { prompt_cache_options: { ttl: "1h" } },
      field: "prompt_cache_options.ttl",
      mark: /"1h"/,
      cover: { cache_write: { "1h": "2" } },
    },
    tool({ type: "web_search" }, "web_search"),
    tool({ type: "web_search_preview_2025_03_11" }, "web_search"),
    tool({ type: "image_generation" }, "image_generation"),
    tool({ type: "code_interpreter", container: { type: "auto" } }, "code_interpreter"),
    tool({ type: "mcp", server_label: "s", server_url: "https://mcp.example" }, "mcp"),
    tool({ type: "shell", environment: { type: "container_auto" } }, "shell"),
    tool({ type: "mystery" }, "mystery"),
  ],
  "anthropic-messages": [
    { body: { speed: "fast" }, field: "speed", mark: /"fast"/, cover: modifiers("fast") },
    { body: { inference_geo: "us" }, field: "inference_geo", mark: /"us"/, cover: modifiers("geo_us") },
    { body: { fallbacks: [{ model: "x" }] }, field: "fallbacks", mark: /fallbacks/, cover: fee("fallbacks") },
    { body: { container: { skills: [] } }, field: "container", mark: /"skills"/, cover: fee("code_execution") },
    {
      body: { mcp_servers: [{ type: "url", url: "https://mcp.example", name: "s" }] },
      field: "mcp_servers",
      mark: /mcp\.example/,
      cover: fee("mcp"),
    },
    {
      body: { context_management: { edits: [{ type: "compact_20260112" }] } },
      field: "context_management",
      mark: /compact_/,
      cover: fee("compaction"),
    },
    tool({ type: "web_search_20250305", name: "web_search" }, "web_search"),
    tool({ type: "code_execution_20250825", name: "code_execution" }, "code_execution"),
    tool({ type: "mystery_20270101", name: "mystery" }, "mystery"),
    {
      body: marked("1h"),
      field: "messages[0].content[0].cache_control.ttl",
      mark: /"1h"/,
      cover: { cache_write: { "1h": "2" } },
    },
  ],
  gemini: [
    { body: { serviceTier: "SERVICE_TIER_FLEX" }, field: "serviceTier", mark: /flex/i, cover: modifiers("flex") },
    { body: { serviceTier: "priority" }, field: "serviceTier", mark: /priority/i, cover: modifiers("priority") },
    {
      body: { tools: [{ googleSearch: {} }] },
      field: "tools[0].googleSearch",
      mark: /googleSearch/,
      cover: fee("web_search"),
    },
    {
      body: { tools: [{ google_maps: {} }] },
      field: "tools[0].google_maps",
      mark: /google_maps/,
      cover: fee("google_maps"),
    },
    {
      body: { tools: [{ codeExecution: {} }] },
      field: "tools[0].codeExecution",
      mark: /codeExecution/,
      cover: fee("code_execution"),
    },
    {
      body: { tools: [{ mysteryTool: {} }] },
      field: "tools[0].mysteryTool",
      mark: /mysteryTool/,
      cover: fee("mysteryTool"),
    },
  ],
};

/** Model `covered<n>` has what covers field n of its dialect; `plain` covers nothing. */
function catalogFor(url: string): string {
  const rows = KINDS.flatMap(({ kind, dialect }) => [
    model(`${kind}-plain`, kind),
    ...FIELDS[dialect].flatMap(({ cover }, index) =>
      cover === undefined
        ? []
        : [model(`${kind}-covered${index}`, kind, { price: { input: "1", output: "2", ...cover } })],
    ),
  ]);
  const providers = Object.fromEntries(KINDS.map(({ kind }) => [kind, { kind, url }]));
  return catalogOf({ providers, models: rows });
}

let upstream: Upstream;
let gateway: TestGateway;
let key: TestKey;
let ownKey: TestKey;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({ catalog: catalogFor(upstream.url) });
  key = await gateway.createKey({ credit: "50.00" });
  ownKey = await gateway.createKey();
  for (const { kind } of KINDS) {
    await gateway.post("/v1/provider-keys", { provider: kind, api_key: "own-provider-key-1" }, ownKey.key);
  }
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  upstream.stop();
});
beforeEach(() => {
  upstream.reset();
});

/** The answer to a field, and what a provider of this kind was told. */
async function ask(client: DialectId, field: Field, kind: (typeof KINDS)[number], name: string, by: TestKey) {
  upstream.always(kind.reply());
  const how = { model: name };
  const dialect = clientOf(client);
  const answer = await gateway.post(dialect.path(how), { ...dialect.body(how), ...field.body }, by.key);
  const text = await answer.text();
  return { status: answer.status, text, sent: upstream.requests.map((request) => request.text()).join("\n") };
}

for (const [client, fields] of Object.entries(FIELDS) as [DialectId, readonly Field[]][]) {
  const own = kindOf(client);
  describe(`${client} client`, () => {
    test.each(fields.map((field, index) => [JSON.stringify(field.body), field, index] as const))(
      "%s",
      async (_name, field, index) => {
        const refused = await ask(client, field, own, `${own.kind}-plain`, key);
        expect([refused.status, refused.sent]).toEqual([400, ""]);
        expect(refused.text).toContain("unsupported_feature");
        expect(refused.text).toContain(field.field);
        if (field.cover === undefined) return;
        const covered = await ask(client, field, own, `${own.kind}-covered${index}`, key);
        expect([covered.status, covered.text, field.mark.test(covered.sent)]).toEqual([200, covered.text, true]);
        upstream.reset();
        const paidByOwner = await ask(client, field, own, `${own.kind}-plain`, ownKey);
        expect([paidByOwner.status, field.mark.test(paidByOwner.sent)]).toEqual([200, true]);
      },
    );

    test.each(KINDS.filter((kind) => kind.dialect !== client).map((kind) => [kind.kind, kind] as const))(
      "nothing that costs more gets through to %s unpaid",
      async (_name, kind) => {
        for (const field of fields) {
          upstream.reset();
          const { status, sent } = await ask(client, field, kind, `${kind.kind}-plain`, key);
          expect([field.field, status, field.mark.test(sent)]).toEqual([field.field, sent === "" ? 400 : 200, false]);
        }
      },
    );
  });
}

test("flex at Gemini is asked for by any dialect, and billed by its factor where the answer says that it was served so", async () => {
  const kind = kindOf("gemini");
  const covered = FIELDS.gemini.findIndex(({ mark }) => mark.test("flex"));
  const dialect = clientOf("openai-chat");
  const how = { model: `gemini-covered${covered}` };
  // 11 tokens in at 1, 7 out at 2 USD per million; the row's factor is 2.
  for (const [served, cost] of [
    ["flex", 0.00005],
    ["standard", 0.000025],
  ] as const) {
    upstream.reset().always(async (request) => {
      const { body } = await kind.reply()(request);
      const { usageMetadata, ...rest } = body as { usageMetadata: object };
      return { body: { ...rest, usageMetadata: { ...usageMetadata, serviceTier: served } } };
    });
    const answer = await gateway.post(dialect.path(how), { ...dialect.body(how), service_tier: "flex" }, key.key);
    expect(upstream.last.json()).toMatchObject({ serviceTier: "flex" });
    expect(await answer.json()).toMatchObject({ tollgate: { cost_usd: cost } });
  }
});
