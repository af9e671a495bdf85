/** `POST /v1/responses/input_tokens` (OpenAI API reference, get input token counts). */
import { describe, expect, test } from "bun:test";
import { countCodec } from "../../../src/dialects/openai-responses/count.ts";
import { DecodeError } from "../../../src/ir/error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { startGateway } from "../../support/gateway.ts";
import { responsesReply, startUpstream } from "../../support/upstream.ts";
import { catalogOf, model } from "../../gateway/support.ts";
import { ROUTE, seals, targetOf } from "../../matrix/carry.ts";

const sent = (body: JsonObject): JsonObject =>
  countCodec.encodeRequest(countCodec.decodeRequest(body, { route: ROUTE, seals }), targetOf("openai-responses")).body;

describe("what is asked of the provider", () => {
  test("is what counts as input, and nothing of how to answer", () => {
    const input = [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }];
    const tools = [{ type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false }];
    const counted = {
      instructions: "Be terse.",
      tools,
      tool_choice: "auto",
      truncation: "auto",
      personality: "friendly",
    };
    const rest = { stream: true, store: true, temperature: 1, max_output_tokens: 100, include: [], user: "u" };
    expect(sent({ model: "m", input, ...counted, ...rest })).toMatchObject({ model: "m", ...counted });
    const allowed = ["model", "input", "parallel_tool_calls", ...Object.keys(counted)];
    expect(Object.keys(sent({ input, ...counted, ...rest })).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test("may be nothing at all", () => {
    expect(Object.keys(sent({}))).toEqual(["model", "input"]);
  });
});

test.each([[null], [[]], [{}], [{ input_tokens: -1 }], [{ input_tokens: 1.5 }], [{ input_tokens: "7" }]])(
  "%p is no count",
  (body) => {
    expect(() => countCodec.decodeAnswer(body)).toThrow(DecodeError);
  },
);

test("over HTTP: the provider's number, ours where it has none, free, and with the conversation that it goes on", async () => {
  await using upstream = await startUpstream();
  await using gateway = await startGateway({
    catalog: catalogOf({
      providers: {
        responses: { kind: "openai-responses", url: upstream.url },
        chat: { kind: "openai", url: upstream.url },
      },
      models: [model("m", "responses"), model("c", "chat")],
      more: { features: { storage: true } },
    }),
  });
  const { key } = await gateway.createKey({ credit: "1.00" });
  const count = async (body: JsonObject, path = "/v1/responses/input_tokens") => {
    const answer = await gateway.post(path, body, key);
    return { status: answer.status, body: (await answer.json()) as JsonObject, headers: answer.headers };
  };
  upstream.reply({ body: { object: "response.input_tokens", input_tokens: 42 } });
  const told = await count({ model: "m", input: "hello there" });
  expect([told.status, told.body, told.headers.get("x-tollgate-cost-cents")]).toEqual([
    200,
    { object: "response.input_tokens", input_tokens: 42 },
    "0",
  ]);
  expect(upstream.last.path).toBe("/responses/input_tokens");

  upstream.always({ status: 404, body: { error: { message: "no such route" } } });
  const counted = await count({ model: "m", input: "hello there" }, "/responses/input_tokens");
  const other = await count({ model: "c", input: "hello there" });
  expect(counted.body["input_tokens"]).toBeWithin(2, 20);
  expect(other.body).toEqual(counted.body);

  upstream.reset();
  upstream.always((request) =>
    request.path.endsWith("/input_tokens") ? { body: { input_tokens: 43 } } : responsesReply({ id: "resp_1" })(request),
  );
  const { id } = (await (
    await gateway.post("/v1/responses", { model: "m", input: "first" }, key)
  ).json()) as JsonObject;
  expect(await count({ model: "m", input: "second", previous_response_id: id })).toMatchObject({
    body: { input_tokens: 43 },
  });
  expect(upstream.last.text()).toMatch(/first.*Hello there.*second/s);
  expect(upstream.last.json()).not.toHaveProperty("previous_response_id");
  const unknown = await count({ model: "m", input: "x", previous_response_id: "resp_nobodys" });
  expect([unknown.status, (unknown.body["error"] as JsonObject)["param"]]).toEqual([404, "previous_response_id"]);
  const rows = (await (await gateway.get("/v1/audit", key)).json()) as { data: JsonObject[] };
  expect(rows.data.filter((row) => Number(row["charged"]) > 0).length).toBe(1);
});
