import { expect, test } from "bun:test";
import {
  chatReply,
  chatStream,
  faults,
  frame,
  gate,
  geminiReply,
  json,
  REFUSED_URL,
  sse,
  startUpstream,
} from "../support/upstream.ts";

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });

test("queue, rules and default, in that order of closeness; every request is recorded", async () => {
  await using up = await startUpstream();
  up.reply(json({ n: 1 }), () => json({ n: 2 }, 201))
    .always(json({ n: 3 }))
    .when("special", json({ n: 4 }), 1);
  const numbers: unknown[] = [];
  for (const model of ["a", "special", "b", "special", "c"]) {
    const answer = await post(`${up.url}/v1/chat/completions?x=1`, { model });
    numbers.push([answer.status, ((await answer.json()) as { n: number }).n]);
  }
  expect(numbers).toEqual([
    [200, 1],
    [200, 4],
    [201, 2],
    [200, 3],
    [200, 3],
  ]);
  expect(up.requests.map((request) => request.model)).toEqual(["a", "special", "b", "special", "c"]);
  expect([up.last.method, up.last.path, up.last.query.get("x"), up.last.headers["content-type"]]).toEqual([
    "POST",
    "/v1/chat/completions",
    "1",
    "application/json",
  ]);
});

test("what nobody scripted is told apart", async () => {
  await using up = await startUpstream();
  expect((await post(up.url, {})).status).toBe(599);
  expect(up.unexpected.length).toBe(1);
});

test("gates hold a stream in lockstep, and a client that leaves is seen", async () => {
  await using up = await startUpstream();
  up.reply(sse("data: 1\n\n", gate("middle"), "data: 2\n\n"), sse("data: 1\n\n", gate("never")));
  const reader = (await post(up.url, {})).body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("data: 1\n\n");
  await up.gate("middle").reached;
  up.gate("middle").open();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("data: 2\n\n");
  expect((await reader?.read())?.done).toBe(true);
  const abort = new AbortController();
  const answer = await fetch(up.url, { method: "POST", body: "{}", signal: abort.signal });
  await up.gate("never").reached;
  abort.abort();
  expect(await up.last.closed).toMatchObject({ finished: false, stepsSent: 1 });
  await answer.body?.cancel().catch(() => undefined);
});

test("the same bytes under any cut", async () => {
  await using up = await startUpstream();
  const whole = chatStream({ text: ["grü", "ße"] });
  const cuts = [undefined, "bytes", 7, [1, 50], { seed: 3 }] as const;
  const texts: string[] = [];
  for (const cut of cuts) {
    up.reply(cut === undefined ? whole : { ...whole, cut });
    texts.push(await (await post(up.url, {})).text());
  }
  expect(new Set(texts).size).toBe(1);
  expect(texts[0]).toContain("[DONE]");
});

test("model answers follow the request: stream, JSON, usage chunk, Gemini's array", async () => {
  await using up = await startUpstream();
  up.when({ path: "/chat/completions" }, chatReply()).always(geminiReply());
  const body = (extra: object): object => ({ model: "m-1", ...extra });
  const plain = await (await post(`${up.url}/chat/completions`, body({}))).json();
  expect(plain).toMatchObject({ model: "m-1", choices: [{ message: { content: "Hello there" } }] });
  expect(await (await post(`${up.url}/chat/completions`, body({ stream: true }))).text()).not.toContain('"usage"');
  const withUsage = body({ stream: true, stream_options: { include_usage: true } });
  expect(await (await post(`${up.url}/chat/completions`, withUsage)).text()).toContain('"usage"');
  const array = await (await post(`${up.url}/v1beta/models/g-1:streamGenerateContent`, {})).json();
  expect(array).toMatchObject([{ modelVersion: "g-1" }, {}, { candidates: [{ finishReason: "STOP" }] }]);
  const events = await (await post(`${up.url}/v1beta/models/g-1:streamGenerateContent?alt=sse`, {})).text();
  expect(events.split("\r\n\r\n").length).toBe(4);
});

test("refusing, and coming back on the same port", async () => {
  await using up = await startUpstream();
  up.always(json({ ok: true }));
  up.refuse();
  expect(
    await post(up.url, {}).then(
      () => "answered",
      () => "refused",
    ),
  ).toBe("refused");
  up.listen();
  expect((await post(up.url, {})).status).toBe(200);
  expect(
    await post(REFUSED_URL, {}).then(
      () => "answered",
      () => "refused",
    ),
  ).toBe("refused");
});

test("broken replies reach the client as broken", async () => {
  await using up = await startUpstream();
  const stream = { stream: ["data: 1\n\n", frame("2"), "data: 3\n\n"] };
  up.reply(faults.resetBeforeHeaders(), faults.resetMidHeader(), faults.notHttp(), faults.resetAfter(stream, 1));
  const read = async (): Promise<string> => (await fetch(up.url, { keepalive: false })).text();
  for (let index = 0; index < 4; index += 1)
    expect(
      await read().then(
        () => "fine",
        () => "broken",
      ),
    ).toBe("broken");
  up.reply(faults.endAfter(stream, 2));
  expect(await read()).toBe("data: 1\n\ndata: 2\n\n");
});
