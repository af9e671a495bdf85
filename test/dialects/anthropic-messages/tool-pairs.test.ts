/** Calls and results of a Messages request that can't be passed on as they are. */
import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/lib/json.ts";
import { decode } from "./support.ts";

const use = (id: string): JsonObject => ({ type: "tool_use", id, name: "f", input: {} });
const result = (id: string): JsonObject => ({ type: "tool_result", tool_use_id: id, content: "r" });
const user = (...content: JsonObject[]): JsonObject => ({ role: "user", content });
const assistant = (...content: JsonObject[]): JsonObject => ({ role: "assistant", content });
const ask = user({ type: "text", text: "q" });
const read = (...messages: JsonObject[]): unknown =>
  decode({ model: "m", max_tokens: 9, messages: [ask, ...messages] });

describe("refused by the place of the block", () => {
  test.each([
    ["a result without a call", [user(result("a"))], "messages[1].content[0].tool_use_id"],
    ["a result of another call", [assistant(use("a")), user(result("b"))], "messages[2].content[0].tool_use_id"],
    ["two results", [assistant(use("a")), user(result("a"), result("a"))], "messages[2].content[1].tool_use_id"],
    ["an id twice", [assistant(use("a"), use("a")), user(result("a"))], "messages[1].content[1].id"],
    ["no result", [assistant(use("a")), ask, assistant({ type: "text", text: "x" }), ask], "messages[1].content[0].id"],
    ["no result at the end", [assistant(use("a"))], "messages[1].content[0].id"],
    [
      "input that is no object",
      [assistant({ ...use("a"), input: "x" }), user(result("a"))],
      "messages[1].content[0].input",
    ],
    ["a user who says nothing", [{ role: "user", content: "" }], "messages[1].content"],
  ] as const)("%s", (_name, messages, param) => {
    expect(() => read(...messages)).toThrow(expect.objectContaining({ status: 400, code: "invalid_request", param }));
  });
});

describe("taken", () => {
  test.each([
    ["results in any order, over two messages", [assistant(use("a"), use("b")), user(result("b")), user(result("a"))]],
    ["an id again, after its result", [assistant(use("a")), user(result("a")), assistant(use("a")), user(result("a"))]],
    ["calls over two messages", [assistant(use("a")), assistant(use("b")), user(result("a"), result("b"))]],
    [
      "a system message between call and result",
      [assistant(use("a")), { role: "system", content: "now" }, user(result("a"))],
    ],
  ])("%s", (_name, messages) => {
    expect(() => read(...messages)).not.toThrow();
  });
});
