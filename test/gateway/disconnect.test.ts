import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { countText, type TokenFamily } from "../../src/tokens/count.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { gate, type Script, startUpstream, type Step, type Upstream } from "../support/upstream.ts";
import {
  auditOf,
  auditRows,
  type CallRecord,
  catalogOf,
  catalogOfKinds,
  type ClientDialect,
  CLIENTS,
  eventually,
  framesOf,
  kindOf,
  KINDS,
  requestIdOf,
  StreamReader,
} from "./support.ts";

const PIECES = ["The first piece, ", "then a second one, ", "and a third."] as const;

let up: Upstream;
let gateway: TestGateway;
let key: TestKey;

beforeAll(async () => {
  up = await startUpstream();
  gateway = await startGateway({ catalog: catalogOfKinds(up.url) });
  key = await gateway.createKey({ credit: "5.00" });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});

interface Leaving {
  response: Promise<Response>;
  leave(): void;
}

/** A call whose client can hang up. */
function call(client: ClientDialect, model: string, stream: boolean, by: TestKey = key, at = gateway): Leaving {
  const controller = new AbortController();
  const ask = { model, stream, maxTokens: 100 };
  const response = at.post(client.path(ask), client.body(ask), by.key, { signal: controller.signal });
  response.catch(() => undefined);
  return { response, leave: () => controller.abort() };
}

/** The audit row of the one call of a key. */
async function onlyRow(by: TestKey, at = gateway): Promise<CallRecord> {
  await eventually(async () => (await auditRows(at, by)).length > 0);
  const [row] = await auditRows(at, by);
  if (row === undefined) throw new Error("no row");
  return row;
}

async function expectQuiet(by: TestKey, at = gateway): Promise<void> {
  expect(await at.balance(by.accountId)).toMatchObject({ held: "0.00" });
  expect(at.verify()).toEqual([]);
}

describe("a client that leaves in the middle", () => {
  for (const client of CLIENTS) {
    for (const kind of KINDS) {
      test(`${client.id} at ${kind.kind}: the provider is cut off, exactly the delivered pieces are billed`, async () => {
        const name = `middle-${client.id}-${kind.kind}`;
        const [first, second, third] = PIECES;
        up.reset().always(kind.stream({ text: [first, gate(`${name}-1`), second, gate(`${name}-2`), third] }));
        const { response, leave } = call(client, `at-${kind.kind}`, true);
        const answer = await response;
        const reader = new StreamReader(answer);
        await reader.until(first.trim());
        up.gate(`${name}-1`).open();
        await reader.until(second.trim());
        leave();
        const { finished } = await up.last.closed;
        expect(finished).toBe(false);
        const row = await auditOf(gateway, key, requestIdOf(answer));
        expect(row).toMatchObject({ stream_state: "client_disconnect", status: 499, usage_source: "counted" });
        const text = framesOf(reader.text)
          .map((frame) => client.deltaOf(frame.json))
          .join("");
        expect(text).toBe(first + second);
        expect(Math.abs(row.tokens_output - countText(text, familyOf(kind.kind)))).toBeLessThanOrEqual(2);
        const nano = BigInt(row.tokens_input) * 1000n + BigInt(row.tokens_output) * 2000n;
        expect(row.charged).toBe(usd(nano));
        await expectQuiet(key);
      });
    }
  }

  const FAMILIES: Record<string, TokenFamily> = {
    anthropic: "anthropic",
    gemini: "gemini",
    "openai-compatible": "other",
  };
  const familyOf = (kind: string): TokenFamily => FAMILIES[kind] ?? "openai";
  const usd = (nano: bigint): string => `0.${nano.toString().padStart(9, "0")}`.replace(/0+$/, "");
});

describe("all content delivered", () => {
  // The finish of the two other dialects is their very last frame.
  for (const client of CLIENTS.filter(({ id }) => id === "openai-chat" || id === "anthropic-messages")) {
    const kind = kindOf(client.id);
    test(`${client.id}: the answer is read on to its usage, which is the bill`, async () => {
      const name = `tail-${client.id}`;
      up.reset().always(gateInTail(kind.stream({ text: [...PIECES] }).stream ?? [], name));
      const { response, leave } = call(client, `at-${kind.kind}`, true);
      const answer = await response;
      await new StreamReader(answer).until("a third.");
      leave();
      // A round trip over another connection: by then the server knows that this one is closed.
      await gateway.get("/health");
      up.gate(name).open();
      const row = await auditOf(gateway, key, requestIdOf(answer));
      expect(row).toMatchObject({ usage_source: "provider", tokens_input: 11, tokens_output: 7, charged: "0.000025" });
      expect(row.stream_state).toBe("client_disconnect");
      await expectQuiet(key);
    });
  }

  /** The last text and the finish come in one piece; then the upstream waits with its last frame. */
  function gateInTail(steps: readonly Step[], name: string): Script {
    const from = steps.findIndex((step) => typeof step === "string" && step.includes("a third."));
    return { stream: [...steps.slice(0, from), steps.slice(from, -1).join(""), gate(name), ...steps.slice(-1)] };
  }
});

describe("before the first token", () => {
  const client = CLIENTS[2] ?? CLIENTS[0];
  if (client === undefined) throw new Error("no client");
  const kind = kindOf(client.id);

  for (const stream of [true, false]) {
    test(`${stream ? "stream" : "JSON"}: the provider is cut off, nothing is charged, the input is absorbed`, async () => {
      const own = await gateway.createKey({ credit: "1.00" });
      up.reset().always({ before: [gate(`never-${stream}`)] });
      const { response, leave } = call(client, `at-${kind.kind}`, stream, own);
      await up.gate(`never-${stream}`).reached;
      leave();
      await expect(response).rejects.toThrow();
      const { finished } = await up.last.closed;
      expect(finished).toBe(false);
      const row = await onlyRow(own);
      expect(row).toMatchObject({ status: 499, stream_state: "client_disconnect", charged: "0.00", tokens_output: 0 });
      const receipt = await gateway.get(`/v1/receipts/${String(row["request_id"])}`, own.key);
      expect(await receipt.json()).toMatchObject({ state: "settled" });
      expect(await gateway.balance(own.accountId)).toMatchObject({ wallet: "1.00", held: "0.00" });
      expect(gateway.verify()).toEqual([]);
    });
  }

  test("a key that has used up what it may leave unpaid pays: the answer is read to its end and billed", async () => {
    await using strict = await startGateway({
      catalog: catalogOf({
        providers: { one: { kind: kind.kind, url: up.url } },
        billing: { disconnect_allowance: "0.00001" },
      }),
    });
    for (const stream of [true, false]) {
      const own = await strict.createKey({ credit: "1.00" });
      const name = `spent-${stream}`;
      const leaveEarly = async (): Promise<void> => {
        const before = up.requests.length;
        const { response, leave } = call(client, "m", stream, own, strict);
        await up.whenReceived(before + 1);
        leave();
        await expect(response).rejects.toThrow();
      };
      up.reset().always(async (request) => ({ ...(await kind.reply()(request)), before: [gate(name)] }));
      await leaveEarly();
      await up.last.closed;
      await leaveEarly();
      // The second one is let go on: the provider is still connected and may answer.
      await eventually(() => up.gate(name).waiting === 1);
      up.gate(name).open();
      await eventually(async () => (await auditRows(strict, own)).length === 2);
      const rows = await auditRows(strict, own);
      const charges = rows.map((row) => row.charged).toSorted();
      expect(charges).toEqual(["0.00", "0.000025"]);
      await expectQuiet(own, strict);
    }
  });
});

describe("after the end", () => {
  test("a client that leaves when it has everything changes nothing", async () => {
    const client = CLIENTS[2] ?? CLIENTS[0];
    if (client === undefined) throw new Error("no client");
    const kind = kindOf(client.id);
    up.reset().always(kind.reply());
    const { response, leave } = call(client, `at-${kind.kind}`, true);
    const answer = await response;
    await answer.text();
    leave();
    expect(await auditOf(gateway, key, requestIdOf(answer))).toMatchObject({
      stream_state: "completed",
      charged: "0.000025",
    });
  });
});
