import { afterAll, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { type JsonObject, parseJson } from "../../src/lib/json.ts";
import { laterBy } from "../support/clock.ts";
import { PATIENT, startGateway, type TestGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { type Bed, startBed } from "./faults-bed.ts";
import { EARLY_FAULTS, type EarlyFault, gatedStream, LATE_FAULTS, SAID } from "./faults-support.ts";
import {
  at,
  auditOf,
  catalogOf,
  type ClientDialect,
  CLIENTS,
  framesOf,
  kindOf,
  requestIdOf,
  StreamReader,
} from "./support.ts";

/** ms after which a gateway gives up on a provider that hangs. Only providers that do hang are given so little. */
const SOON = 120;

/** The provider is the only one: the client is told, and pays nothing. */
async function expectRefused(bed: Bed, client: ClientDialect, fault: EarlyFault, stream: boolean): Promise<void> {
  const { gateway, key } = bed;
  bed.bad.reset().always(fault.reply(kindOf(client.id)));
  const before = await gateway.balance(key.accountId);
  const response = await bed.ask("alone", stream);
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
}

/** There is another provider: it answers, unless the fault is the request's. `meanwhile` happens while the call is under way. */
async function expectFailover(
  bed: Bed,
  client: ClientDialect,
  fault: EarlyFault,
  stream: boolean,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  const kind = kindOf(client.id);
  bed.bad.reset().always(fault.reply(kind));
  bed.good.reset().always(kind.reply());
  const call = bed.ask("m", stream);
  await meanwhile();
  const response = await call;
  await response.text();
  expect(response.status).toBe(fault.failsOver ? 200 : fault.status);
  expect(bed.good.requests).toHaveLength(fault.failsOver ? 1 : 0);
  const row = await auditOf(bed.gateway, bed.key, requestIdOf(response));
  expect(row.charged).toBe(fault.failsOver ? "0.000025" : "0.00");
  if (fault.failsOver) expect(row).toMatchObject({ provider: "good", stream_state: "completed" });
  await bed.expectQuiet();
}

const otherwise = (fault: EarlyFault): string => (fault.failsOver ? "another provider answers" : "no other is asked");

for (const client of CLIENTS) {
  const kind = kindOf(client.id);
  describe(`faults toward ${client.id}`, () => {
    let bed: Bed;
    beforeAll(async () => {
      bed = await startBed(client);
    });
    afterAll(() => bed[Symbol.asyncDispose]());

    describe("before the first byte", () => {
      for (const fault of EARLY_FAULTS.filter(({ hangs }) => hangs !== true)) {
        for (const stream of fault.streamOnly === true ? [true] : [false, true]) {
          const name = `${fault.name} (${stream ? "stream" : "JSON"})`;
          test(`${name}: ${fault.status}, free`, () => expectRefused(bed, client, fault, stream));
          test(`${name}: ${otherwise(fault)}`, () => expectFailover(bed, client, fault, stream));
        }
      }

      for (const fault of EARLY_FAULTS.filter(({ hangs }) => hangs === true)) {
        test(`${fault.name} (JSON): ${fault.status}, free`, async () => {
          await using own = await startBed(client, { total: SOON });
          await expectRefused(own, client, fault, false);
        });
        test(`${fault.name} (JSON): ${otherwise(fault)}`, async () => {
          const total = 1_000_000;
          await using own = await startBed(client, { total });
          using timers = spyOn(globalThis, "setTimeout");
          await expectFailover(own, client, fault, false, async () => {
            await own.bad.request();
            // Without a stream the first provider gets half of the call's time, the other one what is left of it.
            const half = timers.mock.calls.find(([, ms = 0]) => ms > total * 0.4 && ms <= total / 2);
            expect(half).toBeDefined();
            half?.[0]();
          });
        });
        test(`${fault.name} (stream): ${fault.status}, free`, async () => {
          await using own = await startBed(client, { badFirstToken: SOON });
          await expectRefused(own, client, fault, true);
        });
        test(`${fault.name} (stream): ${otherwise(fault)}`, async () => {
          await using own = await startBed(client, { badFirstToken: SOON });
          await expectFailover(own, client, fault, true);
        });
      }

      test("connection refused", async () => {
        const response = await bed.ask("down", true);
        const body = parseJson(await response.text()) as JsonObject;
        expect(response.status).toBe(503);
        expect(causeOf(client, body)).toBe("refused");
        await bed.expectQuiet();
      });
    });

    describe("after the first byte", () => {
      for (const [index, fault] of LATE_FAULTS.entries()) {
        test(`the provider ${fault.name}: an error frame, what was delivered is billed`, async () => {
          const { bad, good, gateway, key, ask, expectQuiet } = bed;
          const name = `late-${index}`;
          bad.reset().always(gatedStream(kind, name, fault.tail(kind)));
          good.reset().always(kind.reply());
          const response = await ask("m", true);
          expect(response.status).toBe(200);
          const reader = new StreamReader(response);
          await reader.until(SAID);
          bad.gate(name).open();
          using _later = fault.streamState === "timeout" ? laterBy(PATIENT.idle_timeout_ms + 1) : null;
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
          routing: {
            ...(fault.hangs === true ? { first_token_timeout_ms: SOON } : {}),
            retries: 0,
            breaker: { consecutive_failures: 1 },
          },
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
      catalog: catalogOf({
        providers: { one: { kind: kind.kind, url: up.url } },
        routing: { retries: 0, breaker: { window_ms: 600_000, open_ms: 600_000 } },
      }),
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
