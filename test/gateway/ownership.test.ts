/** Things that a provider keeps belong to the account that got them, by the credential that got them: two accounts, two providers, all dialects. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { faults, gate, type Handler, type Script, startUpstream, type Upstream } from "../support/upstream.ts";
import { auditOf, catalogOf, clientOf, KINDS, kindOf, model, requestIdOf, StreamReader } from "./support.ts";

/** How one dialect's answers name a thing, and how its requests refer to it. */
interface Naming {
  dialect: DialectId;
  /** What is put in place of what, in the bytes of an answer. */
  inAnswer(id: string): [RegExp, string];
  inRequest(id: string): JsonObject;
  field: string;
}

const NAMINGS: readonly Naming[] = [
  {
    dialect: "openai-chat",
    inAnswer: (id) => [/"(message|delta)":\{/g, `"$1":{"audio":{"id":"${id}","data":"AAAA","expires_at":1},`],
    inRequest: (id) => ({
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", audio: { id } },
        { role: "user", content: "more" },
      ],
    }),
    field: "messages[1].audio.id",
  },
  {
    dialect: "openai-responses",
    inAnswer: (id) => [
      /"annotations":\[\]/g,
      `"annotations":[{"type":"container_file_citation","container_id":"${id}","file_id":"cfile_1","filename":"a"}]`,
    ],
    inRequest: (id) => ({ tools: [{ type: "code_interpreter", container: id }] }),
    field: "tools[0].container",
  },
  {
    dialect: "anthropic-messages",
    inAnswer: (id) => [
      /"stop_sequence":null/g,
      `"stop_sequence":null,"container":{"id":"${id}","expires_at":"2026-12-01T00:00:00Z"}`,
    ],
    inRequest: (container) => ({ container }),
    field: "container",
  },
  {
    dialect: "gemini",
    inAnswer: (id) => [/"parts":\[/g, `"parts":[{"fileData":{"fileUri":"files/${id}","mimeType":"image/png"}},`],
    inRequest: (id) => ({
      contents: [{ role: "user", parts: [{ fileData: { fileUri: `files/${id}`, mimeType: "image/png" } }] }],
    }),
    field: "contents[0].parts[0].fileData.fileUri",
  },
];

const price = { input: "1", output: "2", tool_fees: { code_interpreter: { usd: "1", per: 1000 } } };

/** Two providers of a kind, with two models that stand in for each other, and one that doesn't. */
function catalogFor(kind: string, first: string, second: string): string {
  const row = (id: string, provider: string): Record<string, unknown> =>
    model(id, provider, { price, equivalents: ["same"] });
  return catalogOf({
    providers: { a: { kind, url: first }, b: { kind, url: second } },
    models: [row("m", "a"), row("n", "b"), model("alone", "b", { price })],
    access: { auth: "optional", anonymous: { models: ["*"] } },
  });
}

/** The kind's usual answer, with a name in it. */
function replyNaming(naming: Naming, id: string): Handler {
  const reply = kindOf(naming.dialect).reply();
  const [from, to] = naming.inAnswer(id);
  return async (request) => {
    const script: Script = await reply(request);
    const { body, stream } = script;
    if (body !== undefined)
      return {
        ...script,
        body: JSON.stringify(body).replace(from, to),
        headers: { "content-type": "application/json" },
      };
    return {
      ...script,
      stream: (stream ?? []).map((step) => (typeof step === "string" ? step.replace(from, to) : step)),
    };
  };
}

for (const naming of NAMINGS) {
  const { dialect, field } = naming;
  const client = clientOf(dialect);
  const kind = kindOf(dialect);

  describe(`${dialect}: a thing at the provider`, () => {
    let first: Upstream;
    let second: Upstream;
    let gateway: TestGateway;
    let dataDir = "";
    let alice: TestKey;
    let bob: TestKey;
    let serial = 0;
    let id = "";

    const start = (): Promise<TestGateway> =>
      startGateway({ dataDir, catalog: catalogFor(kind.kind, first.url, second.url) });
    const ask = (key: string | undefined, more: JsonObject = {}, how: { model?: string; stream?: boolean } = {}) =>
      gateway.post(client.path(how), { ...client.body(how), ...more }, key);
    const use = (key: string | undefined, how = {}): Promise<Response> => ask(key, naming.inRequest(id), how);

    /** Lets a key get the thing, and reads the answer to its end. */
    async function get(key: TestKey, stream = false): Promise<string> {
      first.reply(replyNaming(naming, id));
      const answer = await ask(key.key, {}, { stream });
      const text = await answer.text();
      expect([answer.status, text.includes(id)]).toEqual([200, true]);
      return text;
    }

    async function expectNotFound(answer: Response): Promise<void> {
      const text = await answer.text();
      expect([answer.status, text.includes(JSON.stringify(field).slice(1, -1))]).toEqual([404, true]);
      expect(client.errorCode(JSON.parse(text) as JsonObject)).toBe("not_found");
    }

    beforeAll(async () => {
      dataDir = mkdtempSync(join(tmpdir(), "tollgate-ids-"));
      [first, second] = [await startUpstream(), await startUpstream()];
      gateway = await start();
      alice = await gateway.createKey({ credit: "5.00" });
      bob = await gateway.createKey({ credit: "5.00" });
    });
    afterAll(async () => {
      await gateway.stop();
      first.stop();
      second.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    beforeEach(() => {
      serial += 1;
      id = `thing_${serial}`;
      for (const upstream of [first, second]) {
        upstream.reset();
        upstream.always(kind.reply());
      }
    });

    test("that nobody was given does not exist", async () => {
      await expectNotFound(await use(alice.key));
      expect([...first.requests, ...second.requests]).toEqual([]);
    });

    test.each([false, true])("is its account's, and nobody else's (streamed: %p)", async (stream) => {
      await get(alice, stream);
      const again = await use(alice.key, { stream });
      await again.text();
      expect([again.status, first.last.text().includes(id)]).toEqual([200, true]);
      const before = first.requests.length;
      await expectNotFound(await use(bob.key, { stream }));
      await expectNotFound(await use(undefined, { stream }));
      expect([first.requests.length, second.requests.length]).toEqual([before, 0]);
    });

    test("is its account's though it left before the end of the stream", async () => {
      first.reply(async (request) => {
        const { stream = [] } = await replyNaming(naming, id)(request);
        const placeOf = (text: string): number =>
          stream.findIndex((step) => typeof step === "string" && step.includes(text));
        const place = Math.max(placeOf(id), placeOf("Hello")) + 1;
        return { stream: [...stream.slice(0, place), gate(`left-${id}`), ...stream.slice(place)] };
      });
      const controller = new AbortController();
      const answer = await gateway.post(client.path({ stream: true }), client.body({ stream: true }), alice.key, {
        signal: controller.signal,
      });
      await new StreamReader(answer).until(id);
      controller.abort();
      await gateway.get("/health");
      first.gate(`left-${id}`).open();
      await auditOf(gateway, alice, requestIdOf(answer));
      expect((await use(alice.key)).status).toBe(200);
      await expectNotFound(await use(bob.key));
    });

    test("is not looked for at another provider, not even when its own one fails", async () => {
      await get(alice);
      await expectNotFound(await use(alice.key, { model: "alone" }));
      // One that stands in for the model that it came from leads back to that.
      expect((await use(alice.key, { model: "n" })).status).toBe(200);
      first.always(faults.html(500));
      expect((await use(alice.key)).status).toBe(503);
      expect(second.requests).toEqual([]);
    });

    test("is still its account's after a restart", async () => {
      await get(alice, true);
      await gateway.stop();
      gateway = await start();
      expect((await use(alice.key)).status).toBe(200);
      await expectNotFound(await use(bob.key));
    });

    test("passes on an own key, unless it came by another way", async () => {
      const owner = await gateway.createKey();
      await gateway.post("/v1/provider-keys", { provider: "a", api_key: "own-provider-key-1" }, owner.key);
      expect((await use(owner.key)).status).toBe(200);
      await get(alice);
      await expectNotFound(await use(owner.key));
      id = `own_${id}`;
      await get(owner);
      expect((await use(owner.key)).status).toBe(200);
      await expectNotFound(await use(alice.key));
    });

    test("is nobody's when nobody in particular got it", async () => {
      first.reply(replyNaming(naming, id));
      expect((await ask(undefined)).status).toBe(200);
      await expectNotFound(await use(undefined));
    });
  });
}

test("every kind of provider has its dialect here", () => {
  expect(KINDS.every((item) => NAMINGS.some((naming) => naming.dialect === item.dialect))).toBe(true);
});
