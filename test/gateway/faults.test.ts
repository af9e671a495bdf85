import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type JsonObject, parseJson } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { refusedUrl, startUpstream, type Upstream } from "../support/upstream.ts";
import { EARLY_FAULTS, gatedStream, LATE_FAULTS, SAID } from "./faults-support.ts";
import {
  at,
  auditOf,
  catalogOf,
  type ClientDialect,
  CLIENTS,
  framesOf,
  kindOf,
  model,
  requestIdOf,
  StreamReader,
} from "./support.ts";

/** Times so short that no row waits. */
const ROUTING = { first_token_timeout_ms: 120, idle_timeout_ms: 200, total_timeout_ms: 1500, retries: 2 };

for (const client of CLIENTS) {
  const kind = kindOf(client.id);
  describe(`faults toward ${client.id}`, () => {
    let bad: Upstream;
    let good: Upstream;
    let gateway: TestGateway;
    let key: TestKey;

    beforeAll(async () => {
      bad = await startUpstream();
      good = await startUpstream();
      gateway = await startGateway({
        catalog: catalogOf({
          providers: {
            bad: { kind: kind.kind, url: bad.url },
            good: { kind: kind.kind, url: good.url },
            alone: { kind: kind.kind, url: bad.url },
            down: { kind: kind.kind, url: await refusedUrl() },
          },
          models: [
            model("m", "bad", { equivalents: ["set"] }),
            model("n", "good", { equivalents: ["set"] }),
            model("alone", "alone"),
            model("down", "down"),
          ],
          routing: { ...ROUTING, breaker: { enabled: false } },
        }),
      });
      key = await gateway.createKey({ credit: "5.00" });
    });
    afterAll(async () => {
      await gateway[Symbol.asyncDispose]();
      bad.stop();
      good.stop();
    });

    const ask = (name: string, stream: boolean): Promise<Response> => {
      const wanted = { model: name, stream, maxTokens: 100 };
      return gateway.post(client.path(wanted), client.body(wanted), key.key);
    };

    describe("before the first byte", () => {
      for (const fault of EARLY_FAULTS) {
        for (const stream of fault.streamOnly === true ? [true] : [false, true]) {
          const shape = stream ? "stream" : "JSON";
          test(`${fault.name} (${shape}): ${fault.status}, free`, async () => {
            bad.reset().always(fault.reply(kind));
            const before = await gateway.balance(key.accountId);
            const response = await ask("alone", stream);
            const body = parseJson(await response.text()) as JsonObject;
            expect(response.status).toBe(fault.status);
            expect(client.errorCode(body)).toBe(fault.code);
            expect(fault.causes).toContain(causeOf(client, body));
            if (fault.status === 429) expect(response.headers.get("retry-after")).toBe("7");
            expect(JSON.stringify(body)).not.toContain("127.0.0.1");
            expect(await gateway.balance(key.accountId)).toEqual(before);
            const row = await auditOf(gateway, key, requestIdOf(response));
            expect(row).toMatchObject({ status: fault.status, error_code: fault.code, charged: "0.00" });
            expect(gateway.verify()).toEqual([]);
          });

          test(`${fault.name} (${shape}): ${fault.failsOver ? "another provider answers" : "no other is asked"}`, async () => {
            bad.reset().always(fault.reply(kind));
            good.reset().always(kind.reply());
            const response = await ask("m", stream);
            await response.text();
            expect(response.status).toBe(fault.failsOver ? 200 : fault.status);
            expect(good.requests).toHaveLength(fault.failsOver ? 1 : 0);
            const row = await auditOf(gateway, key, requestIdOf(response));
            expect(row.charged).toBe(fault.failsOver ? "0.000025" : "0.00");
            if (fault.failsOver) expect(row).toMatchObject({ provider: "good", stream_state: "completed" });
            await expectQuiet();
          });
        }
      }

      test("connection refused", async () => {
        const response = await ask("down", true);
        const body = parseJson(await response.text()) as JsonObject;
        expect(response.status).toBe(503);
        expect(causeOf(client, body)).toBe("refused");
        await expectQuiet();
      });
    });

    describe("after the first byte", () => {
      for (const [index, fault] of LATE_FAULTS.entries()) {
        test(`the provider ${fault.name}: an error frame, what was delivered is billed`, async () => {
          const name = `late-${index}`;
          bad.reset().always(gatedStream(kind, name, fault.tail(kind)));
          good.reset().always(kind.reply());
          const response = await ask("m", true);
          expect(response.status).toBe(200);
          const reader = new StreamReader(response);
          await reader.until(SAID);
          bad.gate(name).open();
          const frames = framesOf(await reader.rest());
          const last = frames.at(-1);
          expect(last !== undefined && client.isError(last)).toBe(true);
          expect(frames.some((frame) => client.isTerminal(frame))).toBe(false);
          expect(frames.map((frame) => client.deltaOf(frame.json)).join("")).toBe(SAID);
          expect(good.requests).toHaveLength(0);
          const row = await auditOf(gateway, key, requestIdOf(response));
          expect(row).toMatchObject({
            stream_state: fault.streamState,
            error_code: "provider_error",
            usage_source: "counted",
          });
          expect(row.tokens_output).toBeGreaterThan(2);
          expect(row.tokens_output).toBeLessThan(12);
          expect(Number(row.charged)).toBeGreaterThan(0);
          await expectQuiet();
        });
      }
    });

    async function expectQuiet(): Promise<void> {
      expect(await gateway.balance(key.accountId)).toMatchObject({ held: "0.00" });
      expect(gateway.verify()).toEqual([]);
    }
  });
}

/** `details.cause.kind`, wherever the dialect keeps our details. */
function causeOf(client: ClientDialect, body: JsonObject): string {
  if (client.id !== "gemini") return String(at(body, "error", "details", "cause", "kind"));
  const details = at(body, "error", "details") as JsonObject[];
  const metadata = details.map((item) => at(item, "metadata", "cause")).find((item) => item !== undefined);
  return String(at(parseJson(String(metadata)), "kind"));
}

describe("breakers", () => {
  const client = CLIENTS[2];
  if (client === undefined) throw new Error("no client");
  const kind = kindOf(client.id);

  for (const fault of EARLY_FAULTS) {
    test(`a provider that ${fault.name}: ${fault.breaker}`, async () => {
      await using up = await startUpstream();
      await using gateway = await startGateway({
        catalog: catalogOf({
          providers: { one: { kind: kind.kind, url: up.url } },
          routing: { ...ROUTING, retries: 0, breaker: { consecutive_failures: 1 } },
        }),
      });
      const key = await gateway.createKey({ credit: "5.00" });
      up.always(fault.reply(kind));
      const wanted = { stream: true };
      await (await gateway.post(client.path(wanted), client.body(wanted), key.key)).text();
      expect(await stateOf(gateway)).toBe(fault.breaker);
    });
  }

  test("five streams in a row that break after content open it; then calls are refused without being sent", async () => {
    await using up = await startUpstream();
    await using gateway = await startGateway({
      catalog: catalogOf({ providers: { one: { kind: kind.kind, url: up.url } }, routing: { retries: 0 } }),
    });
    const key = await gateway.createKey({ credit: "5.00" });
    up.always(gatedStream(kind, "open", [{ break: "reset" }]));
    up.gate("open").open();
    const wanted = { stream: true };
    const call = () => gateway.post(client.path(wanted), client.body(wanted), key.key);
    for (let round = 0; round < 5; round += 1) await (await call()).text();
    expect(await stateOf(gateway)).toBe("open");
    await call().then((response) => response.text());
    const sent = up.requests.length;
    const refused = await call();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(up.requests).toHaveLength(sent);
  });

  async function stateOf(gateway: TestGateway): Promise<unknown> {
    const response = await gateway.get("/model-health", undefined, { accept: "application/json" });
    const body = parseJson(await response.text()) as JsonObject;
    return findState(body);
  }

  function findState(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(findState).find((item) => item !== undefined);
    if (typeof value !== "object" || value === null) return undefined;
    const object = value as Record<string, unknown>;
    return typeof object["state"] === "string" ? object["state"] : findState(Object.values(object));
  }
});
