import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { completeConversation, type Continued } from "../../src/responses/continue.ts";
import { ConversationMemory, finalResponse } from "../../src/responses/memory.ts";
import type { ResponseStore, StoredResponse } from "../../src/responses/port.ts";
import { RecentItems } from "../../src/responses/recent-items.ts";
import { recordOf, RETENTION_MS, wantsStorage } from "../../src/responses/record.ts";

/** The port in memory, with the clock standing still. */
function memoryStore(now = 1000): ResponseStore & { rows: Map<string, StoredResponse> } {
  const rows = new Map<string, StoredResponse>();
  const find = (id: string, account: string): StoredResponse | null => {
    const row = rows.get(id);
    return row !== undefined && row.account === account && row.expires > now ? row : null;
  };
  return {
    rows,
    put: async (record) => void rows.set(record.id, record),
    get: async (id, account) => find(id, account),
    delete: async (id, account) => find(id, account) !== null && rows.delete(id),
    sweep: async (limit) => [...rows.values()].filter((row) => row.expires < limit && rows.delete(row.id)).length,
  };
}

const complete = (body: JsonObject, account: string, store: ResponseStore | null): Promise<Continued> =>
  completeConversation(body, account, store, () => null);

const message = (text: string): JsonObject => ({
  type: "message",
  id: "msg_1",
  role: "assistant",
  content: [{ type: "output_text", text }],
});
const finished = (body: JsonObject, output: JsonObject[], id: string, previous: string | null = null): StoredResponse =>
  recordOf({ account: "acct_1", body, previous, response: { id, output }, pin: null, now: 1000 });

describe("a conversation continued by id", () => {
  test("earlier input and output stand before the new input, and no id is left", async () => {
    const store = memoryStore();
    await store.put(finished({ input: "one", instructions: "old" }, [message("two")], "resp_1"));
    const second = await complete({ model: "m", previous_response_id: "resp_1", input: "three" }, "acct_1", store);
    expect(second.body).toEqual({
      model: "m",
      input: [
        { type: "message", role: "user", content: [{ type: "input_text", text: "one" }] },
        message("two"),
        { type: "message", role: "user", content: [{ type: "input_text", text: "three" }] },
      ],
    });
    await store.put(finished(second.body, [message("four")], "resp_2", "resp_1"));
    await store.delete("resp_1", "acct_1");
    const third = await complete(
      { previous_response_id: "resp_2", input: [{ role: "user", content: "five" }] },
      "acct_1",
      store,
    );
    expect(third.body["input"]).toHaveLength(5);
    expect(third.previous?.previous).toBe("resp_1");
  });

  test("reasoning comes along only with its state", async () => {
    const store = memoryStore();
    const sealed = { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "x" };
    await store.put(finished({ input: "q" }, [{ type: "reasoning", id: "rs_1", summary: [] }, sealed], "resp_1"));
    const { body } = await complete({ previous_response_id: "resp_1", input: "r" }, "acct_1", store);
    expect((body["input"] as JsonObject[]).filter((item) => item["type"] === "reasoning")).toEqual([sealed]);
  });

  test.each([[undefined], [null], [7], [["x", null]]])(
    "what a provider took is stored, also with the input %p",
    (input) => {
      expect(finished(input === undefined ? {} : { input }, [message("a")], "resp_1").input).toEqual([]);
    },
  );

  test("a body without an id stays the same object", async () => {
    const body = { input: "x", previous_response_id: null };
    expect(await complete(body, "acct_1", null)).toEqual({ body, previous: null });
  });

  test.each([
    ["acct_2", "resp_1"],
    ["acct_1", "resp_9"],
  ])("for %s, %s does not exist", async (account, id) => {
    const store = memoryStore();
    await store.put(finished({ input: "q" }, [], "resp_1"));
    expect(complete({ previous_response_id: id, input: "x" }, account, store)).rejects.toMatchObject({
      status: 404,
      code: "not_found",
      param: "previous_response_id",
    });
  });

  test("an expired one is gone", async () => {
    const store = memoryStore(1000 + RETENTION_MS);
    await store.put(finished({ input: "q" }, [], "resp_1"));
    expect(complete({ previous_response_id: "resp_1", input: "x" }, "acct_1", store)).rejects.toMatchObject({
      status: 404,
    });
  });

  test.each([
    ["previous_response_id", { previous_response_id: "resp_1" }],
    ["background", { background: true }],
  ] as [string, JsonObject][])("with storage off, %s is not supported", async (param, fields) => {
    expect(complete({ input: "x", ...fields }, "acct_1", null)).rejects.toMatchObject({
      status: 400,
      code: "unsupported_feature",
      param,
    });
  });

  test.each([
    ["previous_response_id", { previous_response_id: 5, input: "x" }],
    ["input", { previous_response_id: "resp_1", input: 5 }],
    ["conversation.id", { conversation: {}, input: "x" }],
    ["input[0]", { previous_response_id: "resp_1", input: ["x"] }],
  ] as [string, JsonObject][])("a wrong %s is a 400 that names it", async (param, body) => {
    const store = memoryStore();
    await store.put(finished({ input: "q" }, [], "resp_1"));
    expect(complete(body, "acct_1", store)).rejects.toMatchObject({
      status: 400,
      code: "invalid_request",
      param,
    });
  });
});

describe("the row of a finished call", () => {
  test("each input item has an id, its own where it has one", () => {
    const row = finished(
      {
        input: [
          { role: "user", content: "x" },
          { type: "reasoning", id: "rs_1", encrypted_content: "s" },
        ],
      },
      [],
      "resp_7",
    );
    expect(row.input.map((item) => item["id"])).toEqual(["in_7_0", "rs_1"]);
    expect(row).toMatchObject({
      id: "resp_7",
      account: "acct_1",
      created: 1000,
      expires: 1000 + RETENTION_MS,
      previous: null,
    });
  });

  test("storing is the default, store: false says no", () => {
    expect([
      wantsStorage({}),
      wantsStorage({ store: true }),
      wantsStorage({ store: null }),
      wantsStorage({ store: false }),
    ]).toEqual([true, true, true, false]);
  });
});

describe("items that are referred to", () => {
  const clock = { now: () => 5000, monotonic: () => 0 };
  const reference = { type: "item_reference", id: "msg_1" };
  const keep = (memory: ConversationMemory, body: JsonObject, store: ResponseStore | null = null): Promise<void> =>
    memory.keep(
      { account: "acct_1", body, previous: null, response: { id: "resp_1", output: [message("two")] }, pin: null },
      store,
    );

  test("are put in place of the reference, also when it has no type", async () => {
    const memory = new ConversationMemory(clock);
    await keep(memory, { input: "one" });
    const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" };
    for (const entry of [reference, { id: "msg_1" }]) {
      const { body } = await memory.complete({ model: "m", input: [entry, call] }, "acct_1", null);
      expect(body).toEqual({ model: "m", input: [message("two"), call] });
    }
  });

  test("belong to their account, and are named when they are not known", async () => {
    const memory = new ConversationMemory(clock);
    await keep(memory, { input: "one" });
    for (const [account, id] of [
      ["acct_2", "msg_1"],
      ["acct_1", "msg_9"],
    ] as const) {
      expect(
        memory.complete(
          {
            input: [
              { role: "user", content: "x" },
              { type: "item_reference", id },
            ],
          },
          account,
          null,
        ),
      ).rejects.toMatchObject({
        status: 404,
        code: "not_found",
        param: "input[1].id",
      });
    }
    expect(memory.complete({ input: [{ type: "item_reference" }] }, "acct_1", null)).rejects.toMatchObject({
      status: 400,
      param: "input[0].id",
    });
  });

  test("store: false is remembered nowhere", async () => {
    const memory = new ConversationMemory(clock);
    const store = memoryStore();
    await keep(memory, { input: "one", store: false }, store);
    expect(store.rows.size).toBe(0);
    expect(memory.complete({ input: [reference] }, "acct_1", store)).rejects.toMatchObject({ status: 404 });
    expect([memory.stores({}, store), memory.stores({}, null), memory.stores({ store: false }, store)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("with storage on a finished response is stored as well", async () => {
    const memory = new ConversationMemory(clock);
    const store = memoryStore();
    await keep(memory, { input: "one" }, store);
    expect(store.rows.get("resp_1")).toMatchObject({ created: 5000, expires: 5000 + RETENTION_MS });
    const { body } = await memory.complete(
      { input: [{ role: "user", content: "three" }], previous_response_id: "resp_1" },
      "acct_1",
      store,
    );
    expect(body["input"]).toHaveLength(3);
  });

  test("are forgotten by age and when there are too many", () => {
    const recent = new RecentItems({ maxCharacters: 250, ttlMs: 10 });
    recent.remember("a", [{ id: "1", text: "x".repeat(80) }], 0);
    recent.remember("a", [{ id: "2", text: "x".repeat(80) }], 5);
    expect(recent.find("a", "1", 9)).toMatchObject({ id: "1" });
    expect(recent.find("a", "1", 10)).toBeNull();
    recent.remember("a", [{ id: "3", text: "x".repeat(80) }, { text: "no id" }], 6);
    expect([recent.find("a", "1", 7), recent.find("a", "2", 7)?.["id"], recent.find("a", "3", 7)?.["id"]]).toEqual([
      null,
      "2",
      "3",
    ]);
  });
});

test("the response of a stream's last frames", () => {
  const frames =
    'event: response.output_item.done\ndata: {"type":"response.output_item.done"}\n\nevent: response.completed\r\ndata: {"type":"response.completed","response":{"id":"resp_1"}}\r\n\r\ndata: [DONE]\n\n';
  expect(finalResponse(frames)).toEqual({ id: "resp_1" });
  expect(finalResponse('data: {"type":"response.failed","response":{"id":"r"}}\n\n')).toBeNull();
  expect(finalResponse("")).toBeNull();
});
