/** What users meet beside the main way: probes, pages, lists against what can be called, and requests at the rim of what is valid. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { at, bodyOf, framesOf, hello, type Profile, startProfile } from "./support.ts";

describe("HEAD", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test.each(["/health", "/ready", "/help", "/docs", "/openapi.json", "/", "/dashboard", "/nothing"])(
    "%s has the status and headers of GET, and no body",
    async (path) => {
      const get = await fetch(gateway.url + path);
      const head = await fetch(gateway.url + path, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([get.status, ""]);
      for (const name of ["content-type", "cache-control"]) expect(head.headers.get(name)).toBe(get.headers.get(name));
      const length = Number(head.headers.get("content-length"));
      // Uptime and request ids may differ in length between two answers, but nothing is empty.
      expect(Math.abs(length - (await get.arrayBuffer()).byteLength)).toBeLessThan(20);
    },
  );
});

describe("routing words", () => {
  test("each one answers without any provider key: the echo stands in", async () => {
    await using bare = await startGateway();
    const { key } = await bare.createKey();
    for (const word of ["auto", "fast", "balanced", "quality", "cost"]) {
      const answer = await bare.post("/v1/chat/completions", hello(word), key);
      expect([word, answer.status, at(await bodyOf(answer), "tollgate.routed_model")]).toEqual([word, 200, "echo"]);
    }
  });

  test("a model that is not listed stays so for other keys", async () => {
    await using wallet = await startProfile("wallet");
    const { key } = await wallet.gateway.createKey({ key: { models: ["e*"] } });
    expect(await listed(wallet, key)).toEqual([]);
  });

  test("a flex word where no model has a flex price is no failure that passes, and not listed", async () => {
    await using wallet = await startProfile("wallet");
    const { key } = await wallet.gateway.createKey({ credit: "5.00" });
    const answer = await wallet.gateway.post("/v1/chat/completions", hello("fast-flex"), key);
    expect([answer.status, at(await bodyOf(answer), "error.code")]).toEqual([400, "unsupported_feature"]);
    const names = await listed(wallet, key);
    expect(names).toContain("fast");
    expect(names).not.toContain("fast-flex");
    const help = await (await fetch(`${wallet.gateway.url}/help`)).text();
    expect(help).toContain("| fast |");
    expect(help).not.toContain("fast-flex");
  });

  test.each([["flash"], ["auto"], ["echo"]])(
    "a key for the name %s alone sees it in the list, and can call it",
    async (name) => {
      await using wallet = await startProfile("wallet");
      const { key } = await wallet.gateway.createKey({ credit: "5.00", key: { models: [name] } });
      expect(await listed(wallet, key)).toEqual([name]);
      expect((await wallet.gateway.post("/v1/chat/completions", hello(name), key)).status).toBe(200);
    },
  );
});

describe("the echo models", () => {
  test("refuse in each dialect what the real APIs refuse, naming the place", async () => {
    await using bare = await startGateway();
    const { key } = await bare.createKey();
    for (const [path, body, param] of [
      ["/v1/chat/completions", { messages: [{ role: "robot", content: "x" }] }, "messages[0].role"],
      ["/v1/chat/completions", { messages: [{ role: "user", content: "x" }], stream: true, top_p: 7 }, "top_p"],
      ["/v1/responses", { input: [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }] }, "image_url"],
      ["/v1/messages", { max_tokens: 5, messages: [{ role: "robot", content: "x" }] }, "messages[0].role"],
      ["/v1beta/models/echo:generateContent", { contents: [{ parts: [{ inlineData: { data: "@" } }] }] }, "inlineData"],
    ] as const) {
      const answer = await bare.post(path, { model: "echo", ...body }, key);
      expect([path, answer.status, await answer.text()]).toEqual([path, 400, expect.stringContaining(param)]);
    }
  });

  test("make embeddings, too, in both forms", async () => {
    await using bare = await startGateway();
    const { key } = await bare.createKey();
    const openai = await bare.post("/v1/embeddings", { model: "echo-embedding", input: ["a", "b"] }, key);
    expect(((await bodyOf(openai))["data"] as unknown[]).length).toBe(2);
    const content = { parts: [{ text: "a" }] };
    const gemini = await bare.post("/v1beta/models/echo-embedding:embedContent", { content }, key);
    expect(at(await bodyOf(gemini), "embedding.values")).toHaveLength(8);
  });
});

describe("stored responses", () => {
  test("a request without input that its provider took is answered and stored", async () => {
    const storing = (yaml: string): string => `${yaml}\nfeatures: {storage: true}\n`;
    await using profile = await startProfile("four-dialects", { edit: storing });
    const { key } = await profile.gateway.createKey({ credit: "5.00" });
    const request = { model: "gpt-4o-mini", instructions: "Say hello." };
    const answer = await profile.gateway.post("/v1/responses", request, key);
    const body = await bodyOf(answer);
    expect([answer.status, body["status"]]).toEqual([200, "completed"]);
    const items = await fetch(`${profile.gateway.url}/v1/responses/${String(body["id"])}/input_items`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(await bodyOf(items)).toMatchObject({ data: [], has_more: false });
    const frames = await framesOf(await profile.gateway.post("/v1/responses", { ...request, stream: true }, key));
    expect(frames.at(-1)?.event).toBe("response.completed");
  });
});

async function listed(profile: Profile, key: string): Promise<string[]> {
  const answer = await fetch(`${profile.gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  return ((await bodyOf(answer))["data"] as { id: string }[]).map((item) => item.id);
}
