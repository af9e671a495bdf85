/** The gateway as an attacker meets it: a real server, a real data folder, scripted providers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCatalog } from "../../src/catalog-holder.ts";
import { readConfig } from "../../src/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { anthropicReply, chatReply, faults, startUpstream, type Upstream } from "../support/upstream.ts";

const OPERATOR_KEY = "operator-canary-7a1f";
const PROMPT = "prompt-canary-93bd";
const ANSWER = "answer-canary-51ce";

let gateway: TestGateway;
let upstream: Upstream;

const catalog = (url: string): string => `
brand: {name: T, header_prefix: X-T, extension: t, key_prefix: "t-"}
billing: {currency: USD, fx: {USD: 1}}
access: {limits: {requests_per_minute: 0}}
routing: {retries: 0}
providers:
  openai: {kind: openai, base_url: "${url}/v1", api_key: "${OPERATOR_KEY}"}
  responses: {kind: openai-responses, base_url: "${url}/v1", api_key: "${OPERATOR_KEY}"}
  anthropic: {kind: anthropic, base_url: "${url}", api_key: "${OPERATOR_KEY}"}
  google: {kind: gemini, base_url: "${url}", api_key: "${OPERATOR_KEY}"}
models:
  - {id: m, provider: openai, context: 8000, capabilities: [tools, images, documents], price: {input: 1.00, output: 1.00}}
  - {id: r, provider: responses, context: 8000, capabilities: [tools, images, documents], price: {input: 1.00, output: 1.00}}
  - {id: c, provider: anthropic, context: 8000, max_output: 1000, capabilities: [tools, images, documents], price: {input: 1.00, output: 1.00}}
  - {id: g, provider: google, context: 8000, capabilities: [tools, images, documents], price: {input: 1.00, output: 1.00}}
`;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({ catalog: catalog(upstream.url) });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  upstream.stop();
});
beforeEach(() => {
  upstream.reset();
  upstream.always((request) =>
    (request.path.endsWith("/messages") ? anthropicReply() : chatReply({ text: ANSWER }))(request),
  );
});

const chat = (model = "m", more: object = {}): object => ({
  model,
  max_tokens: 20,
  messages: [{ role: "user", content: PROMPT }],
  ...more,
});

describe("keys and the data folder", () => {
  test("hold no key, prompt, answer or provider key in the clear; nor do logs and metrics", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    for (const stream of [false, true]) {
      await (await gateway.post("/v1/chat/completions", chat("m", { stream }), key)).text();
    }
    await (await gateway.post(`/v1beta/models/g:generateContent?key=${key}`, { contents: PROMPT })).text();
    const places = new Map<string, string>([
      ["logs", gateway.logs.join("\n")],
      ["metrics", await (await gateway.get("/metrics")).text()],
      ["audit", await (await gateway.get("/v1/audit", key)).text()],
    ]);
    for (const name of readdirSync(gateway.dataDir)) {
      if (name !== "catalog.yaml") places.set(name, readFileSync(join(gateway.dataDir, name), "latin1"));
    }
    for (const [place, text] of places) {
      for (const secret of [key, PROMPT, ANSWER, OPERATOR_KEY])
        expect([place, text.includes(secret)]).toEqual([place, false]);
    }
  });

  test("are readable by their owner only", () => {
    for (const name of readdirSync(gateway.dataDir)) {
      const { mode } = statSync(join(gateway.dataDir, name));
      expect([name, (mode & 0o077).toString(8)]).toEqual([name, "0"]);
    }
  });

  test("a copy of the database without the secret authenticates nothing", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-copy-"));
    try {
      const source = new Database(join(gateway.dataDir, "tollgate.db"), { readonly: true });
      source.run(`VACUUM INTO '${join(dataDir, "tollgate.db")}'`);
      source.close();
      {
        await using thief = await startGateway({ dataDir, catalog: catalog(upstream.url) });
        expect((await thief.get("/v1/credits", key)).status).toBe(401);
      }
      rmSync(join(dataDir, "secret"));
      copyFileSync(join(gateway.dataDir, "secret"), join(dataDir, "secret"));
      await using owner = await startGateway({ dataDir, catalog: catalog(upstream.url) });
      expect((await owner.get("/v1/credits", key)).status).toBe(200);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  test("a brought provider key that was altered, or put into another row, fails closed", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-byok-"));
    const options = { dataDir, catalog: catalog(upstream.url) };
    try {
      let first = "";
      let second = "";
      {
        await using before = await startGateway(options);
        first = (await before.createKey({ credit: "5.00" })).key;
        second = (await before.createKey({ credit: "5.00" })).key;
        await before.post("/v1/provider-keys", { provider: "openai", api_key: "own-key-of-the-first" }, first);
        await before.post("/v1/provider-keys", { provider: "openai", api_key: "own-key-of-the-second" }, second);
      }
      const db = new Database(join(dataDir, "tollgate.db"));
      const rows = db.query("SELECT id, sealed FROM provider_keys ORDER BY created_at, id").all() as {
        id: string;
        sealed: string;
      }[];
      const [a, b] = rows;
      if (a === undefined || b === undefined) throw new Error("two keys were brought");
      db.run("UPDATE provider_keys SET sealed = ? WHERE id = ?", [b.sealed, a.id]);
      db.run("UPDATE provider_keys SET sealed = ? WHERE id = ?", [flipped(b.sealed), b.id]);
      db.close();
      await using after = await startGateway(options);
      for (const key of [first, second]) {
        expect((await after.post("/v1/chat/completions", chat(), key)).status).toBe(503);
      }
      expect(upstream.requests).toEqual([]);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});

/** The same base64 with one bit of its middle changed. */
function flipped(sealed: string): string {
  const bytes = Buffer.from(sealed, "base64");
  const at = bytes.length - 3;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes.toString("base64");
}

test("a catalog with secrets that others can read is told at the start; one that names variables is fine", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-mode-"));
  try {
    const literal = catalog(upstream.url);
    for (const [text, mode, warned] of [
      [literal, 0o644, true],
      [literal, 0o600, false],
      [literal.replaceAll(OPERATOR_KEY, "${OPERATOR_KEY}"), 0o644, false],
    ] as const) {
      const file = join(dataDir, "mine.yaml");
      writeFileSync(file, text);
      chmodSync(file, mode);
      const read = readCatalog(readConfig({ dataDir, catalog: file }, {}), { OPERATOR_KEY });
      expect(read.ok && read.catalog.warnings.some((warning) => warning.includes("chmod 600"))).toBe(warned);
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

describe("credentials", () => {
  test("junk of every kind is the same 401, and no error of the store", async () => {
    const bodies = new Set<string>();
    for (const junk of [
      "'",
      "' OR 1=1 --",
      '"',
      "%00",
      "\u00e9",
      "t-".padEnd(4000, "x"),
      "a b",
      "../../etc/passwd",
      "${x}",
      "null",
    ]) {
      for (const header of ["authorization", "x-api-key", "x-goog-api-key"]) {
        const value = header === "authorization" ? `Bearer ${junk}` : junk;
        const answer = await gateway.post("/v1/chat/completions", chat(), undefined, { headers: { [header]: value } });
        expect([junk, answer.status]).toEqual([junk, 401]);
        bodies.add((await answer.text()).replaceAll(/req_[0-9a-f]+/g, "req"));
      }
    }
    expect(bodies.size).toBe(1);
    expect(upstream.requests).toEqual([]);
  });

  test("other accounts' things do not exist: every object route for owner, stranger and nobody", async () => {
    const owner = await gateway.createKey({ credit: "5.00" });
    const stranger = await gateway.createKey({ credit: "5.00" });
    const call = await gateway.post("/v1/chat/completions", chat(), owner.key);
    const requestId = String(call.headers.get("x-t-request-id"));
    await call.text();
    const brought = (await (
      await gateway.post("/v1/provider-keys", { provider: "google", api_key: "some-own-key" }, owner.key)
    ).json()) as { id: string };
    const send = (method: string, path: string, key?: string): Promise<Response> =>
      fetch(gateway.url + path, {
        method,
        headers: {
          "content-type": "application/json",
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        ...(method === "PATCH" ? { body: "{}" } : {}),
      });
    const routes = [
      ["GET", `/v1/keys/${owner.id}`],
      ["PATCH", `/v1/keys/${owner.id}`],
      ["POST", `/v1/keys/${owner.id}/rotate`],
      ["DELETE", `/v1/keys/${owner.id}`],
      ["DELETE", `/v1/provider-keys/${brought.id}`],
      ["GET", `/v1/receipts/${requestId}`],
    ] as const;
    for (const [method, path] of routes) {
      expect([path, (await send(method, path)).status]).toEqual([path, 401]);
      expect([path, (await send(method, path, stranger.key)).status]).toEqual([path, 404]);
    }
    for (const path of ["/v1/audit", "/v1/usage", "/v1/keys", "/v1/credits", "/v1/provider-keys"]) {
      const text = await (await send("GET", path, stranger.key)).text();
      expect([path, text.includes(owner.accountId) || text.includes(requestId) || text.includes(owner.id)]).toEqual([
        path,
        false,
      ]);
    }
    for (const path of [
      "/admin/accounts",
      "/admin/audit",
      "/admin/prices",
      `/admin/accounts/${owner.accountId}/credits`,
    ]) {
      expect([path, (await send("GET", path, owner.key)).status]).toEqual([path, 401]);
      expect([path, (await send("GET", path)).status]).toEqual([path, 401]);
    }
    expect((await send("GET", `/v1/keys/${owner.id}`, owner.key)).status).toBe(200);
  });

  test("revoking, expiring, disabling and lowering bite at the very next request", async () => {
    const { key, id, accountId } = await gateway.createKey({ credit: "5.00" });
    const ask = async (): Promise<number> => (await gateway.post("/v1/chat/completions", chat(), key)).status;
    expect(await ask()).toBe(200);
    await gateway.admin("PATCH", `/admin/keys/${id}`, { models: ["other"] });
    expect(await ask()).toBe(403);
    await gateway.admin("PATCH", `/admin/keys/${id}`, { models: [] });
    expect(await ask()).toBe(200);
    await gateway.admin("PATCH", `/admin/accounts/${accountId}`, { status: "disabled" });
    expect(await ask()).toBe(403);
    await gateway.admin("PATCH", `/admin/accounts/${accountId}`, { status: "active" });
    expect(await ask()).toBe(200);
    await gateway.admin("DELETE", `/admin/keys/${id}`);
    expect(await ask()).toBe(401);
    const admin = await gateway.createKey({ accountId, key: { kind: "admin" } });
    expect((await gateway.get("/admin/accounts", admin.key)).status).toBe(200);
    await gateway.admin("DELETE", `/admin/keys/${admin.id}`);
    expect((await gateway.get("/admin/accounts", admin.key)).status).toBe(401);
  });

  test("the routed path decides, never Host, X-Original-URL or the like", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const tries: Record<string, string>[] = [
      { host: "admin" },
      { "x-original-url": "/admin/accounts" },
      { "x-rewrite-url": "/health" },
      { "x-forwarded-host": "admin" },
    ];
    for (const headers of tries) {
      const answer = await fetch(`${gateway.url}/v1/credits`, {
        headers: { ...headers, authorization: `Bearer ${key}` },
      });
      expect(await answer.json()).toMatchObject({ currency: "usd" });
      expect((await fetch(`${gateway.url}/admin/accounts`, { headers })).status).toBe(401);
    }
    const headers = { host: "x/admin?", authorization: `Bearer ${key}` };
    expect((await fetch(`${gateway.url}/v1/credits`, { headers })).status).toBe(400);
  });

  test("a key can give nobody, itself included, more than it has; unknown fields are refused", async () => {
    const { key, id } = await gateway.createKey({ credit: "5.00", key: { models: ["m"], monthly_cap: "1.00" } });
    const patch = (body: object): Promise<Response> =>
      fetch(`${gateway.url}/v1/keys/${id}`, {
        method: "PATCH",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    for (const body of [{ models: [] }, { models: ["*"] }, { monthly_cap: null }, { monthly_cap: "2.00" }]) {
      expect((await patch(body)).status).toBe(403);
    }
    for (const body of [{ kind: "admin" }, { account_id: "acc_x" }, { role: "admin" }, { markup_percent: "0" }]) {
      expect((await patch(body)).status).toBe(400);
    }
    expect((await gateway.post("/v1/keys", { name: "more" }, key)).status).toBe(403);
  });
});

describe("what leaves for the provider, and what comes back", () => {
  test("no credential, cookie or forwarding header of the client's", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const canary = "header-canary-2c4e";
    for (const [path, body] of [
      ["/v1/chat/completions", chat()],
      ["/v1/messages", chat("c")],
      [
        `/v1beta/models/m:generateContent?key=${key}&other=${canary}`,
        { contents: [{ role: "user", parts: [{ text: "x" }] }] },
      ],
    ] as const) {
      const answer = await gateway.post(path, body, key, {
        headers: {
          "x-api-key": key,
          "x-goog-api-key": key,
          cookie: canary,
          "x-forwarded-for": canary,
          "x-forwarded-host": canary,
          forwarded: canary,
          via: canary,
          "proxy-authorization": canary,
          "x-hop": canary,
          connection: "x-hop",
          te: "trailers",
          "openai-organization": canary,
          "x-anything": canary,
          "user-agent": canary,
          referer: canary,
          origin: canary,
        },
      });
      expect(answer.status).toBe(200);
      await answer.text();
      expect(upstream.last.rawHead).not.toContain(canary);
      expect(upstream.last.rawHead).not.toContain(key);
      expect(upstream.last.text()).not.toContain(key);
    }
  });

  test("nothing in a body moves the call elsewhere or takes other credentials along", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    await using other = await startUpstream();
    other.always(chatReply());
    const fields = {
      base_url: other.url,
      api_base: other.url,
      api_key: "x",
      callbacks: [other.url],
      webhook: other.url,
    };
    const answer = await gateway.post("/v1/chat/completions", chat("m", fields), key);
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
    expect(upstream.last.headers["authorization"]).toBe(`Bearer ${OPERATOR_KEY}`);
    expect(other.requests).toEqual([]);
  });

  test("URLs of images are passed on, never fetched here", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    await using other = await startUpstream();
    const content = [{ type: "image_url", image_url: { url: `${other.url}/cat.png` } }];
    for (const model of ["m", "c", "r"]) {
      const asked = { ...chat(model), messages: [{ role: "user", content }] };
      await (await gateway.post("/v1/chat/completions", asked, key)).text();
    }
    expect(other.connections.accepted).toBe(0);
  });

  test("headers of the operator's account at the provider stay here", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const headers = {
      "set-cookie": "a=b",
      server: "upstream-server",
      "x-request-id": "upstream-request",
      "request-id": "upstream-request",
      "openai-organization": "org-secret",
      "anthropic-organization-id": "org-secret",
      "x-ratelimit-remaining-requests": "17",
      "cf-ray": "upstream-ray",
    };
    for (const stream of [false, true]) {
      upstream.always((request) => {
        const reply = chatReply()(request) as object;
        return { ...reply, headers };
      });
      const answer = await gateway.post("/v1/chat/completions", chat("m", { stream }), key);
      await answer.text();
      const shown = JSON.stringify([...answer.headers]);
      for (const value of ["a=b", "upstream-", "org-secret", '"17"']) expect(shown).not.toContain(value);
    }
  });

  test("a redirect is a failure; the provider's key does not follow it", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    await using other = await startUpstream();
    upstream.always(faults.redirect(`${other.url}/v1/chat/completions`));
    const answer = await gateway.post("/v1/chat/completions", chat(), key);
    expect(answer.status).toBe(503);
    expect(other.connections.accepted).toBe(0);
  });

  test("errors tell no address, key, stack or SQL", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const own = `failed at ${upstream.url} with ${OPERATOR_KEY}`;
    for (const script of [
      { status: 500, body: { error: { message: own } } },
      { status: 401, body: { error: { message: own, code: "invalid_api_key" } } },
      { status: 403, body: own },
      faults.html(502),
      faults.resetBeforeHeaders(),
      faults.notHttp(),
    ]) {
      await using fresh = await startGateway({ catalog: catalog(upstream.url) });
      const made = await fresh.createKey({ credit: "5.00" });
      upstream.always(script);
      const answer = await fresh.post("/v1/chat/completions", chat(), made.key);
      const text = await answer.text();
      expect(answer.status).toBe(503);
      for (const secret of [upstream.url, String(upstream.port), OPERATOR_KEY, "    at ", "SELECT", "node_modules"]) {
        expect(text).not.toContain(secret);
      }
    }
    expect((await gateway.get("/v1/credits", key)).status).toBe(200);
  });

  test("ids of what the provider keeps are nobody's but their maker's", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const file = { type: "input_file", file_id: "file-of-somebody" };
    const cases: [string, object][] = [
      ["/v1/responses", { model: "r", input: "x", previous_response_id: "resp_x" }],
      ["/v1/responses", { model: "r", input: [{ role: "user", content: [file] }] }],
      ["/v1/responses", { model: "r", input: "x", prompt: { id: "pmpt_x" } }],
      ["/v1/responses", { model: "r", input: [{ type: "item_reference", id: "msg_x" }] }],
      [
        "/v1/chat/completions",
        { model: "m", messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file-x" } }] }] },
      ],
      ["/v1/messages", { ...chat("c"), container: "container_x" }],
      [
        "/v1/messages",
        {
          ...chat("c"),
          messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: "file_x" } }] }],
        },
      ],
      [
        "/v1beta/models/g:generateContent",
        { contents: [{ role: "user", parts: [{ text: "x" }] }], cachedContent: "cachedContents/x" },
      ],
    ];
    for (const [path, body] of cases) {
      const answer = await gateway.post(path, body, key);
      const text = await answer.text();
      expect([path, text, [400, 404].includes(answer.status)]).toEqual([path, text, true]);
    }
    expect(upstream.requests).toEqual([]);
  });

  test("nothing is stored at the provider in the operator's name", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    upstream.always(faults.html(500));
    await (await gateway.post("/v1/responses", { model: "r", input: "x", store: true }, key)).text();
    expect(upstream.last.json()).toMatchObject({ store: false });
    const before = upstream.requests.length;
    expect((await gateway.post("/v1/responses", { model: "r", input: "x", background: true }, key)).status).toBe(400);
    expect(upstream.requests.length).toBe(before);
  });
});

describe("bodies", () => {
  test.each(["__proto__", "constructor", "prototype"])("%s as a key changes nothing but the status", async (name) => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const body = `{"model":"m","messages":[{"role":"user","content":"x"}],"${name}":{"polluted":true}}`;
    for (const path of [
      "/v1/chat/completions",
      "/v1/responses",
      "/v1/messages",
      "/v1beta/models/g:generateContent",
      "/v1/keys",
    ]) {
      expect([path, (await gateway.post(path, body, key)).status]).toEqual([path, 400]);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    await gateway.get(`/v1/audit?${name}=1`, key);
    expect((await gateway.get("/health")).status).toBe(200);
  });

  test("a key that stands twice, escaped or not, is refused; what was scanned is what is sent", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    for (const second of ['"model":"r"', '"\\u006dodel":"r"', '"mode\\u006c":"r"']) {
      const body = `{"model":"m",${second},"messages":[{"role":"user","content":"x"}]}`;
      expect((await gateway.post("/v1/chat/completions", body, key)).status).toBe(400);
    }
    expect(upstream.requests).toEqual([]);
  });

  test("too deep, too large, or in an encoding that is not known", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const deep = `{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":${"[".repeat(100)}${"]".repeat(100)}}`;
    expect((await gateway.post("/v1/chat/completions", deep, key)).status).toBe(400);
    const large = `{"model":"m","messages":[{"role":"user","content":"${"x".repeat(33 * 1024 * 1024)}"}]}`;
    expect((await gateway.post("/v1/chat/completions", large, key)).status).toBe(413);
    const headers = { "content-encoding": "compress" };
    expect((await gateway.post("/v1/chat/completions", chat(), key, { headers })).status).toBe(415);
    expect(upstream.requests).toEqual([]);
  });

  test("a bomb is stopped at its decoded size", async () => {
    const { key } = await gateway.createKey({ credit: "5.00" });
    const bomb = Bun.gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20));
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "content-encoding": "gzip" },
      body: bomb,
    });
    expect([400, 413, 415]).toContain(answer.status);
    expect(upstream.requests).toEqual([]);
  });
});
