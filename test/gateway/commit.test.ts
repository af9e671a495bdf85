import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { DEFAULT_GATEWAY_SETTINGS } from "../../src/gateway/deps.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { HANGING_MS } from "../support/limits.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { faults, gate, startUpstream, type Upstream } from "../support/upstream.ts";
import {
  auditOf,
  auditRows,
  catalogOf,
  clientOf,
  CLIENTS,
  eventually,
  framesOf,
  kindOf,
  model,
  requestIdOf,
  StreamReader,
} from "./support.ts";

setDefaultTimeout(HANGING_MS);

const client = clientOf("anthropic-messages");
const kind = kindOf(client.id);

describe("the commit point", () => {
  let bad: Upstream;
  let good: Upstream;
  let gateway: TestGateway;
  let key: TestKey;

  beforeAll(async () => {
    bad = await startUpstream();
    good = await startUpstream();
    const providers = CLIENTS.flatMap(({ id }) => {
      const { kind: name } = kindOf(id);
      return [
        [`bad-${name}`, { kind: name, url: bad.url }],
        [`good-${name}`, { kind: name, url: good.url }],
      ] as const;
    });
    gateway = await startGateway({
      catalog: catalogOf({
        providers: Object.fromEntries(providers),
        models: CLIENTS.flatMap(({ id }) => {
          const { kind: name } = kindOf(id);
          return [
            model(`m-${name}`, `bad-${name}`, { equivalents: [name] }),
            model(`n-${name}`, `good-${name}`, { equivalents: [name] }),
          ];
        }),
        routing: { commit_after_ms: 50, keep_alive_ms: 150, breaker: { enabled: false } },
      }),
    });
    key = await gateway.createKey({ credit: "5.00" });
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    bad.stop();
    good.stop();
  });

  for (const each of CLIENTS) {
    const { kind: name, reply, stream } = kindOf(each.id);
    const ask = { model: `m-${name}`, stream: true, maxTokens: 100 };

    test(`${each.id}: start frames are no content: a provider that breaks after them is replaced, unseen`, async () => {
      // Gemini has no start frames: its first one is content already.
      bad.reset().always(faults.resetAfter(stream(), each.id === "gemini" ? 0 : 1));
      good.reset().always(reply({ text: ["From the other."] }));
      const response = await gateway.post(each.path(ask), each.body(ask), key.key);
      const frames = framesOf(await response.text());
      expect(response.status).toBe(200);
      expect(frames.map((frame) => each.deltaOf(frame.json)).join("")).toBe("From the other.");
      expect(frames.filter((frame) => each.isTerminal(frame))).toHaveLength(1);
    });

    test(`${each.id}: a silent stream is committed with keep-alives, and may still fail over`, async () => {
      const wait = `silent-${name}`;
      bad.reset().always({ before: [gate(wait), { break: "reset" }] });
      good.reset().always(reply({ text: ["From the other."] }));
      const response = await gateway.post(each.path(ask), each.body(ask), key.key);
      expect(response.status).toBe(200);
      const reader = new StreamReader(response);
      await reader.until(DIALECTS[each.id].keepAliveText);
      bad.gate(wait).open();
      const frames = framesOf(await reader.rest());
      expect(frames.map((frame) => each.deltaOf(frame.json)).join("")).toBe("From the other.");
      expect(await auditOf(gateway, key, requestIdOf(response))).toMatchObject({
        charged: expect.stringMatching(/^0\.0000/),
      });
    });

    test(`${each.id}: a committed stream that nobody can serve ends in an error frame, free`, async () => {
      const wait = `failing-${name}`;
      bad.reset().always({ before: [gate(wait), { break: "reset" }] });
      good.reset().always(faults.resetBeforeHeaders());
      const response = await gateway.post(each.path(ask), each.body(ask), key.key);
      expect(response.status).toBe(200);
      const reader = new StreamReader(response);
      await reader.until(DIALECTS[each.id].keepAliveText);
      bad.gate(wait).open();
      const last = framesOf(await reader.rest()).at(-1);
      expect(last !== undefined && each.isError(last)).toBe(true);
      expect(await auditOf(gateway, key, requestIdOf(response))).toMatchObject({
        charged: "0.00",
        stream_state: "upstream_error",
        error_code: "provider_error",
      });
      expect(gateway.verify()).toEqual([]);
    });

    test(`${each.id}: a stream that pauses between two pieces is kept alive`, async () => {
      const wait = `pause-${name}`;
      bad.reset().always(stream({ text: ["Before it", gate(wait), ", after it."] }));
      const response = await gateway.post(each.path(ask), each.body(ask), key.key);
      const reader = new StreamReader(response);
      await reader.until("Before it");
      const seen = reader.text.length;
      while (!reader.text.slice(seen).includes(DIALECTS[each.id].keepAliveText)) await reader.next();
      bad.gate(wait).open();
      const frames = framesOf(await reader.rest());
      expect(frames.map((frame) => each.deltaOf(frame.json)).join("")).toBe("Before it, after it.");
    });
  }
});

describe("a reader that does not read", () => {
  test("holds back its provider, and is cut off and billed for what it was given", async () => {
    const before = DEFAULT_GATEWAY_SETTINGS.slowReaderMs;
    DEFAULT_GATEWAY_SETTINGS.slowReaderMs = 400;
    try {
      await using up = await startUpstream();
      await using gateway = await startGateway({
        catalog: catalogOf({
          providers: { one: { kind: kind.kind, url: up.url } },
          models: [model("m", "one", { context: 100_000_000, max_output: 20_000_000 })],
        }),
      });
      const key = await gateway.createKey({ credit: "500.00" });
      const piece = "0123456789abcdef ".repeat(1000);
      const script = kind.stream({ text: Array<string>(4000).fill(piece) });
      up.always({ ...script });
      const body = JSON.stringify(client.body({ stream: true, maxTokens: 20_000_000 }));
      const socket = await openSocket(new URL(gateway.url));
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.on("error", () => undefined);
      socket.write(
        `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key.key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      socket.pause();
      const { finished, bytesSent } = await up.request().then((request) => request.closed);
      expect(finished).toBe(false);
      // Sockets' own buffers are all that fills up: a few MB of the 70 that the provider has.
      expect(bytesSent).toBeLessThan(40_000_000);
      socket.resume();
      await closed;
      await eventually(async () => (await auditRows(gateway, key)).length === 1);
      const [row] = await auditRows(gateway, key);
      expect(row).toMatchObject({ stream_state: "client_disconnect", usage_source: "counted" });
      expect(await gateway.balance(key.accountId)).toMatchObject({ held: "0.00" });
      expect(gateway.verify()).toEqual([]);
    } finally {
      DEFAULT_GATEWAY_SETTINGS.slowReaderMs = before;
    }
  });

  function openSocket(url: URL): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => resolve(socket));
      socket.once("error", reject);
    });
  }
});

describe("shutdown", () => {
  const chat = clientOf("openai-chat");
  const chatKind = kindOf(chat.id);

  test("new calls are refused and told to close; running ones go on, and end with an error frame when the grace is over", async () => {
    await using up = await startUpstream();
    await using gateway = await startGateway({
      catalog: catalogOf({ providers: { one: { kind: chatKind.kind, url: up.url } } }),
    });
    const key = await gateway.createKey({ credit: "5.00" });
    const ask = { stream: true, maxTokens: 100 };
    const call = () => gateway.post(chat.path(ask), chat.body(ask), key.key);
    up.reply(chatKind.stream({ text: ["It runs", gate("one"), " to its end."] }));
    up.reply(chatKind.stream({ text: ["It runs", gate("never"), " on."] }));
    up.reply({ before: [gate("silent")] });
    const finishing = await call();
    const cut = await call();
    const reader = new StreamReader(cut);
    await reader.until("It runs");
    const opening = call();
    await up.gate("silent").reached;
    const drained = gateway.app.drain(600_000);
    const refused = await call();
    expect(refused.status).toBe(503);
    expect(refused.headers.get("connection")).toBe("close");
    expect(chat.errorCode((await refused.json()) as JsonObject)).toBe("overloaded");
    up.gate("one").open();
    const whole = framesOf(await finishing.text());
    expect(whole.some((frame) => chat.isTerminal(frame))).toBe(true);
    // The shortest grace of all: what still runs is ended.
    await gateway.app.drain(0);
    const last = framesOf(await reader.rest()).at(-1);
    expect(last !== undefined && chat.isError(last)).toBe(true);
    expect((await opening).status).toBe(503);
    await drained;
    expect(await auditOf(gateway, key, requestIdOf(cut))).toMatchObject({ stream_state: "shutdown" });
    expect(Number((await auditOf(gateway, key, requestIdOf(cut))).charged)).toBeGreaterThan(0);
    expect(await auditOf(gateway, key, requestIdOf(await opening))).toMatchObject({ charged: "0.00" });
    expect(await gateway.balance(key.accountId)).toMatchObject({ held: "0.00" });
    expect(gateway.verify()).toEqual([]);
  });
});

test("the status of a silent stream goes out when it is committed, not with a later keep-alive", async () => {
  await using up = await startUpstream();
  await using gateway = await startGateway({
    catalog: catalogOf({
      providers: { one: { kind: kind.kind, url: up.url } },
      routing: { commit_after_ms: 20 },
    }),
  });
  const key = await gateway.createKey({ credit: "5.00" });
  up.always({ before: [gate("for long")] });
  const response = await gateway.post(client.path({ stream: true }), client.body({ stream: true }), key.key);
  expect(response.status).toBe(200);
  await response.body?.cancel();
});
