/** Every route that costs money refuses in the same kinds of 402, each with what a client can act on, before anything is sent. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JsonObject, type JsonValue, parseJson } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { gate, type Handler, json, startUpstream, type Upstream } from "../support/upstream.ts";
import { at, catalogOf, type ClientDialect, CLIENTS, clientOf, kindOf, model } from "./support.ts";

interface Route {
  name: string;
  path: string;
  body: JsonObject;
  client: ClientDialect;
  model: string;
  reply: Handler;
}

/** Every call costs 0.10, whatever it is. */
const PER_CALL = { input: "0", output: "0", per_call: "0.10" };
const chat = clientOf("openai-chat");
const gemini = clientOf("gemini");
const embedding = { values: [0.5, 0.25] };

const generating: Route[] = CLIENTS.flatMap((client) =>
  [false, true].map((stream) => {
    const kind = kindOf(client.id);
    const ask = { model: `at-${kind.kind}`, stream, maxTokens: 10 };
    return {
      name: `${client.id}${stream ? ", streamed" : ""}`,
      path: client.path(ask),
      body: client.body(ask),
      client,
      model: ask.model,
      reply: kind.reply(),
    };
  }),
);

const content = { parts: [{ text: "hi" }] };
const others: Route[] = [
  {
    name: "OpenAI embeddings",
    path: "/v1/embeddings",
    body: { model: "vectors", input: "hi" },
    client: chat,
    model: "vectors",
    reply: () =>
      json({
        object: "list",
        model: "vectors",
        data: [{ object: "embedding", index: 0, embedding: [0.5, 0.25] }],
        usage: { prompt_tokens: 1, total_tokens: 1 },
      }),
  },
  {
    name: "Gemini embedContent",
    path: "/v1beta/models/vectors-g:embedContent",
    body: { content },
    client: gemini,
    model: "vectors-g",
    reply: () => json({ embedding }),
  },
  {
    name: "Gemini batchEmbedContents",
    path: "/v1beta/models/vectors-g:batchEmbedContents",
    body: { requests: [{ model: "models/vectors-g", content }] },
    client: gemini,
    model: "vectors-g",
    reply: ({ path }) => json(path.includes("batch") ? { embeddings: [embedding] } : { embedding }),
  },
  {
    name: "images",
    path: "/v1/images/generations",
    body: { model: "painter", prompt: "a cat" },
    client: chat,
    model: "painter",
    reply: () => json({ created: 1, data: [{ b64_json: "aGk=" }] }),
  },
];

let up: Upstream;
let gateway: TestGateway;

beforeAll(async () => {
  up = await startUpstream();
  const kinds = CLIENTS.map(({ id }) => kindOf(id).kind);
  gateway = await startGateway({
    catalog: catalogOf({
      providers: Object.fromEntries(kinds.map((name) => [name, { kind: name, url: up.url }])),
      models: [
        ...kinds.map((name) => model(`at-${name}`, name, { price: PER_CALL })),
        model("vectors", "openai", { capabilities: ["embeddings"], price: PER_CALL }),
        model("vectors-g", "gemini", { capabilities: ["embeddings"], price: PER_CALL }),
        model("painter", "openai", { capabilities: ["image_generation"], price: { per_image: "0.10" } }),
      ],
      billing: { plans: { small: { included_credit: "0.15", overage: "stop" } } },
      access: {
        limits: { requests_per_minute: 0 },
        tiers: { paid: { charge: "wallet" }, plan: { charge: "subscription" } },
        default_tier: "paid",
      },
    }),
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});

const call = (route: Route, key: TestKey): Promise<Response> => gateway.post(route.path, route.body, key.key);

/** Sends a call that must be served. */
async function served(route: Route, key: TestKey): Promise<void> {
  const response = await call(route, key);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
}

interface Refused {
  code: JsonValue | undefined;
  details: JsonObject;
  retryAfter: string | null;
}

/** Sends a call that must be refused with a 402, as plain JSON, without the provider hearing of it. */
async function refused(route: Route, key: TestKey): Promise<Refused> {
  const before = up.requests.length;
  const response = await call(route, key);
  const body = parseJson(await response.text()) as JsonObject;
  expect(response.status).toBe(402);
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(up.requests).toHaveLength(before);
  const retryAfter = response.headers.get("retry-after");
  return { code: route.client.errorCode(body), details: detailsOf(body, route.client), retryAfter };
}

/** Gemini has them as metadata of its ErrorInfo. */
function detailsOf(body: JsonObject, client: ClientDialect): JsonObject {
  const details = at(body, "error", "details");
  if (client.id !== "gemini") return (details ?? {}) as JsonObject;
  const info = Array.isArray(details) ? details.find((item) => at(item, "reason") !== undefined) : undefined;
  return (at(info, "metadata") ?? {}) as JsonObject;
}

const FIRST_OF_A_MONTH = /^\d{4}-\d\d-01T00:00:00/;

for (const route of [...generating, ...others]) {
  describe(route.name, () => {
    test("more than the balance", async () => {
      const key = await gateway.createKey({ credit: "0.05" });
      const { code, details } = await refused(route, key);
      expect(code).toBe("insufficient_credits");
      expect(details).toMatchObject({ needed: "0.10", available: "0.05" });
    });

    test("tied up by a call in flight: Retry-After, and served once that has ended", async () => {
      const key = await gateway.createKey({ credit: "0.25" });
      const name = `held by ${route.name}`;
      up.reset().always(async (request) => ({ ...(await route.reply(request)), before: [gate(name)] }));
      const running = [served(route, key), served(route, key)];
      await up.gate(name).arrivals(2);
      const { code, details, retryAfter } = await refused(route, key);
      expect([code, retryAfter]).toEqual(["balance_held", "1"]);
      expect(details).toMatchObject({ needed: "0.10", available: "0.05", held: "0.20" });
      up.gate(name).open();
      await Promise.all(running);
      expect((await refused(route, key)).code).toBe("insufficient_credits");
      await gateway.admin("POST", `/admin/accounts/${key.accountId}/credits`, { amount: "0.05" });
      await served(route, key);
      expect(await gateway.balance(key.accountId)).toMatchObject({ wallet: "0.00", held: "0.00" });
    });

    for (const whose of ["key", "account"] as const) {
      test(`the cap of the ${whose} is reached: when it resets`, async () => {
        const key = await gateway.createKey({ credit: "5.00", [whose]: { monthly_cap: "0.15" } });
        up.reset().always(route.reply);
        await served(route, key);
        const { code, details } = await refused(route, key);
        expect(code).toBe("monthly_cap_reached");
        expect(details).toMatchObject({ cap: "0.15", spent: "0.10" });
        expect(String(details["resets_at"])).toMatch(FIRST_OF_A_MONTH);
        expect(Date.parse(String(details["resets_at"]))).toBeGreaterThan(Date.now());
      });
    }

    test("more than the account's own cap per call", async () => {
      const key = await gateway.createKey({ credit: "5.00" });
      const response = await fetch(`${gateway.url}/v1/models/${route.model}/cap`, {
        method: "PUT",
        headers: { authorization: `Bearer ${key.key}`, "content-type": "application/json" },
        body: JSON.stringify({ cap: "0.05" }),
      });
      expect([response.status, await response.text()]).toMatchObject([200, expect.anything()]);
      expect((await refused(route, key)).code).toBe("call_cap_exceeded");
    });

    test("a plan that stops: none, then used up until the next period", async () => {
      const key = await gateway.createKey({ account: { tier: "plan" } });
      expect((await refused(route, key)).code).toBe("subscription_required");
      await gateway.admin("PUT", `/admin/accounts/${key.accountId}/subscription`, { plan: "small" });
      up.reset().always(route.reply);
      await served(route, key);
      const { code, details } = await refused(route, key);
      expect(code).toBe("quota_exceeded");
      expect(Date.parse(String(details["resets_at"]))).toBeGreaterThan(Date.now());
    });
  });
}

test("the books are in order after all of this", () => {
  expect(gateway.verify()).toEqual([]);
});
