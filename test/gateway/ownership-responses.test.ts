/** What only Responses has of things at a provider: conversations, and containers in earlier items. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import {
  chatReply,
  frame,
  gate,
  type Handler,
  responsesAnswer,
  responsesReply,
  responsesStream,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { auditOf, catalogOf, model, requestIdOf, StreamReader } from "./support.ts";

let upstream: Upstream;
let gateway: TestGateway;
let alice: TestKey;
let bob: TestKey;

beforeAll(async () => {
  upstream = await startUpstream();
  const row = (id: string, provider: string) => model(id, provider, { equivalents: ["same"] });
  gateway = await startGateway({
    catalog: catalogOf({
      providers: {
        a: { kind: "openai-responses", url: upstream.url },
        b: { kind: "openai-responses", url: upstream.url },
        chat: { kind: "openai", url: upstream.url },
      },
      models: [model("m", "a"), row("n", "b"), row("c", "chat")],
    }),
  });
  alice = await gateway.createKey({ credit: "5.00" });
  bob = await gateway.createKey({ credit: "5.00" });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  upstream.stop();
});

const ask = async (by: TestKey, body: JsonObject): Promise<{ status: number; param: unknown }> => {
  const answer = await gateway.post("/v1/responses", { model: "m", input: "hi", ...body }, by.key);
  const { error } = (await answer.json()) as { error: JsonObject | null };
  return { status: answer.status, param: error?.["param"] };
};

/** The usual answer with more fields. */
const answering =
  (more: object): Handler =>
  () => ({ body: { ...(responsesAnswer().body as object), ...more } });

test("a conversation goes on for the account that a provider gave it to, by its name or as an object", async () => {
  expect(await ask(alice, { conversation: "conv_1" })).toEqual({ status: 404, param: "conversation" });
  upstream.reply(answering({ conversation: { id: "conv_1" } }));
  expect((await ask(alice, {})).status).toBe(200);
  upstream.always(responsesReply());
  for (const conversation of ["conv_1", { id: "conv_1" }]) {
    expect((await ask(alice, { conversation })).status).toBe(200);
    expect(upstream.last.json()).toMatchObject({ conversation });
    const param = typeof conversation === "string" ? "conversation" : "conversation.id";
    expect(await ask(bob, { conversation })).toEqual({ status: 404, param });
    expect(await ask(alice, { conversation, model: "n" })).toMatchObject({ status: 404 });
  }
});

test("a conversation that is none names its place", async () => {
  expect(await ask(alice, { conversation: 5 })).toEqual({ status: 400, param: "conversation" });
  expect(await ask(alice, { conversation: {} })).toEqual({ status: 400, param: "conversation.id" });
});

test("a container is its account's from the moment that the stream names it", async () => {
  const running = {
    type: "code_interpreter_call",
    id: "ci_9",
    container_id: "cntr_9",
    code: "",
    status: "in_progress",
  };
  const added = frame(
    { type: "response.output_item.added", output_index: 1, item: running },
    "response.output_item.added",
  );
  const { stream = [] } = responsesStream();
  const place = stream.findIndex((step) => typeof step === "string" && step.includes("Hello")) + 1;
  upstream.reply({ stream: [...stream.slice(0, place), added, gate("running"), ...stream.slice(place)] });
  const controller = new AbortController();
  const answer = await gateway.post("/v1/responses", { model: "m", input: "hi", stream: true }, alice.key, {
    signal: controller.signal,
  });
  await new StreamReader(answer).until("cntr_9");
  controller.abort();
  await auditOf(gateway, alice, requestIdOf(answer));
  upstream.always(responsesReply());
  const input = [
    { ...running, status: "completed" },
    { role: "user", content: "more" },
  ];
  expect((await ask(alice, { input })).status).toBe(200);
  expect(upstream.last.text()).toContain("cntr_9");
  expect(await ask(bob, { input })).toEqual({ status: 404, param: "input[0].container_id" });
});

test("a container in an earlier item is told to no provider of the dialect but its own, and keeps no other from being asked", async () => {
  const call = { type: "code_interpreter_call", id: "ci_1", container_id: "cntr_1", code: "1", status: "completed" };
  upstream.reply(answering({ output: [call, ...(responsesAnswer().body as { output: object[] }).output] }));
  expect((await ask(alice, {})).status).toBe(200);
  const input = [call, { role: "user", content: "more" }];
  const known = upstream.requests.length;
  expect(await ask(bob, { input })).toEqual({ status: 404, param: "input[0].container_id" });
  expect(upstream.requests.length).toBe(known);

  upstream.always((request) => (request.path.endsWith("/responses") ? responsesReply() : chatReply())(request));
  expect((await ask(alice, { input })).status).toBe(200);
  expect([upstream.last.path, upstream.last.text().includes("cntr_1")]).toEqual(["/responses", true]);
  expect((await ask(alice, { input, model: "n" })).status).toBe(200);
  expect([upstream.last.path, upstream.last.text().includes("cntr_1")]).toEqual(["/chat/completions", false]);
});
