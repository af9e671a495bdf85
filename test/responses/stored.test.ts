import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { expandPreviousResponse } from "../../src/responses/continue.ts";
import type { ResponseStore, StoredResponse } from "../../src/responses/port.ts";
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
    const second = await expandPreviousResponse(
      { model: "m", previous_response_id: "resp_1", input: "three" },
      "acct_1",
      store,
    );
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
    const third = await expandPreviousResponse(
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
    const { body } = await expandPreviousResponse({ previous_response_id: "resp_1", input: "r" }, "acct_1", store);
    expect((body["input"] as JsonObject[]).filter((item) => item["type"] === "reasoning")).toEqual([sealed]);
  });

  test("a body without an id stays the same object", async () => {
    const body = { input: "x", previous_response_id: null };
    expect(await expandPreviousResponse(body, "acct_1", null)).toEqual({ body, previous: null });
  });

  test.each([
    ["acct_2", "resp_1"],
    ["acct_1", "resp_9"],
  ])("for %s, %s does not exist", async (account, id) => {
    const store = memoryStore();
    await store.put(finished({ input: "q" }, [], "resp_1"));
    expect(expandPreviousResponse({ previous_response_id: id, input: "x" }, account, store)).rejects.toMatchObject({
      status: 404,
      code: "not_found",
      param: "previous_response_id",
    });
  });

  test("an expired one is gone", async () => {
    const store = memoryStore(1000 + RETENTION_MS);
    await store.put(finished({ input: "q" }, [], "resp_1"));
    expect(
      expandPreviousResponse({ previous_response_id: "resp_1", input: "x" }, "acct_1", store),
    ).rejects.toMatchObject({ status: 404 });
  });

  test.each([
    ["previous_response_id", { previous_response_id: "resp_1" }],
    ["conversation", { conversation: "conv_1" }],
    ["background", { background: true }],
  ] as [string, JsonObject][])("with storage off, %s is not supported", async (param, fields) => {
    expect(expandPreviousResponse({ input: "x", ...fields }, "acct_1", null)).rejects.toMatchObject({
      status: 400,
      code: "unsupported_feature",
      param,
    });
  });

  test.each([
    ["previous_response_id", { previous_response_id: 5, input: "x" }],
    ["input", { previous_response_id: "resp_1", input: 5 }],
    ["input[0]", { previous_response_id: "resp_1", input: ["x"] }],
  ] as [string, JsonObject][])("a wrong %s is a 400 that names it", async (param, body) => {
    const store = memoryStore();
    await store.put(finished({ input: "q" }, [], "resp_1"));
    expect(expandPreviousResponse(body, "acct_1", store)).rejects.toMatchObject({
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
