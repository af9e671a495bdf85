import { describe, expect, test } from "bun:test";
import type { InferenceCall } from "../../src/gateway/types.ts";
import { testBed } from "./support.ts";

const idempotent = { "idempotency-key": "k1" };

function bedWith(handle: (call: InferenceCall) => Promise<Response>) {
  const bed = testBed({ deps: { gateway: { handle } } });
  return { bed, key: bed.addKey().key };
}

describe("Idempotency-Key", () => {
  test("a repeat gets the same bytes and makes no second call", async () => {
    let calls = 0;
    const { bed, key } = bedWith(async (call) => {
      calls += 1;
      return Response.json({ calls, asked: await call.request.text() });
    });
    const send = () => bed.send("POST", "/v1/chat/completions", { key, body: { a: 1 }, headers: idempotent });
    const first = await send();
    const second = await send();
    expect(await second.text()).toBe(await first.text());
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(calls).toBe(1);
  });

  test("a repeat during the call joins it, stream and all", async () => {
    const gate = Promise.withResolvers<void>();
    let calls = 0;
    const { bed, key } = bedWith(async () => {
      calls += 1;
      const body = new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
          await gate.promise;
          controller.enqueue(new TextEncoder().encode("data: 2\n\n"));
          controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    const send = () => bed.send("POST", "/v1/chat/completions", { key, body: { stream: true }, headers: idempotent });
    const [first, second] = await Promise.all([send(), send()]);
    gate.resolve();
    expect(await first.text()).toBe("data: 1\n\ndata: 2\n\n");
    expect(await second.text()).toBe("data: 1\n\ndata: 2\n\n");
    expect(calls).toBe(1);
  });

  test("the call runs to its end when its client leaves, and the repeat gets all of it", async () => {
    const gate = Promise.withResolvers<void>();
    const { bed, key } = bedWith(async () => {
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode("a"));
          await gate.promise;
          controller.enqueue(new TextEncoder().encode("b"));
          controller.close();
        },
      });
      return new Response(body);
    });
    const send = () => bed.send("POST", "/v1/chat/completions", { key, body: {}, headers: idempotent });
    const first = await send();
    await first.body?.cancel();
    gate.resolve();
    expect(await (await send()).text()).toBe("ab");
  });

  test("the same key with another body, or at another route, is a 409", async () => {
    const { bed, key } = bedWith(async () => Response.json({}));
    const send = (path: string, body: object) => bed.send("POST", path, { key, body, headers: idempotent });
    expect((await send("/v1/chat/completions", { a: 1 })).status).toBe(200);
    expect((await send("/v1/chat/completions", { a: 2 })).status).toBe(409);
    expect((await send("/v1/messages", { a: 1 })).status).toBe(409);
  });

  test("keys of two accounts have nothing to do with each other", async () => {
    let calls = 0;
    const { bed, key } = bedWith(async () => Response.json({ calls: (calls += 1) }));
    const other = bed.addKey({ accountId: "acc_2" });
    for (const who of [key, other.key]) {
      await bed.send("POST", "/v1/chat/completions", { key: who, body: {}, headers: idempotent });
    }
    expect(calls).toBe(2);
  });

  test("a failed call frees its key", async () => {
    let calls = 0;
    const { bed, key } = bedWith(async () => {
      calls += 1;
      return calls === 1 ? Response.json({ error: 1 }, { status: 503 }) : Response.json({ ok: 1 });
    });
    const send = () => bed.send("POST", "/v1/chat/completions", { key, body: {}, headers: idempotent });
    expect((await send()).status).toBe(503);
    expect((await send()).status).toBe(200);
  });

  test("after a restart the repeat is told of the first call's receipt", async () => {
    const { bed, key } = bedWith(async () => Response.json({}));
    const send = () => bed.send("POST", "/v1/chat/completions", { key, body: {}, headers: idempotent });
    const first = (await send()).headers.get("x-tollgate-request-id");
    const restarted = testBed({ deps: { idempotency: bed.deps.idempotency, keys: bed.keys } });
    const answer = await restarted.send("POST", "/v1/chat/completions", { key, body: {}, headers: idempotent });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      error: { code: "conflict", details: { receipt: `/v1/receipts/${first}` } },
    });
    expect(restarted.calls).toEqual([]);
  });

  test("a bad key is a 400", async () => {
    const { bed, key } = bedWith(async () => Response.json({}));
    for (const bad of ["a b", "a".repeat(256)]) {
      const answer = await bed.send("POST", "/v1/chat/completions", {
        key,
        body: {},
        headers: { "idempotency-key": bad },
      });
      expect(answer.status).toBe(400);
    }
  });
});

test("kept answers stay within their limit; the oldest goes first", async () => {
  let calls = 0;
  const bed = testBed({
    deps: {
      gateway: { handle: async () => Response.json({ calls: (calls += 1) }) },
      settings: { maxBodyBytes: 1000, maxManagementBytes: 1000, replayBytes: 10_000 },
    },
  });
  const { key } = bed.addKey();
  const send = (name: string) =>
    bed.send("POST", "/v1/chat/completions", { key, body: {}, headers: { "idempotency-key": name } });
  for (const name of ["a", "b", "c", "d"]) await (await send(name)).text();
  expect((await send("a")).status).toBe(409);
  expect((await send("d")).headers.get("idempotent-replayed")).toBe("true");
  expect(calls).toBe(4);
});

test("a body over the limit is a 413 with an Idempotency-Key, too", async () => {
  const bed = testBed({ deps: { settings: { maxBodyBytes: 10, maxManagementBytes: 1000, replayBytes: 1000 } } });
  const { key } = bed.addKey();
  const answer = await bed.send("POST", "/v1/messages", { key, body: { a: "0123456789" }, headers: idempotent });
  expect([answer.status, bed.calls.length]).toEqual([413, 0]);
});
