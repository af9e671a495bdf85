/** Ids of calls on the way to Anthropic: unique over the whole conversation, and results find their call. */
import { expect, test } from "bun:test";
import { ToolIds } from "../../../src/dialects/anthropic-messages/tool-ids.ts";

test("an id that comes again in every turn", () => {
  const ids = new ToolIds();
  for (const wire of ["call_0", "call_0_2", "call_0_3"]) {
    expect(ids.call("call_0")).toBe(wire);
    expect(ids.result("call_0")).toBe(wire);
  }
});

test("an id twice in one turn: results in the order of the calls", () => {
  const ids = new ToolIds();
  expect([ids.call("a"), ids.call("a"), ids.result("a"), ids.result("a"), ids.result("a")]).toEqual([
    "a",
    "a_2",
    "a",
    "a_2",
    "a_2",
  ]);
});

test("a number that another id has already", () => {
  const ids = new ToolIds();
  expect([ids.call("a_2"), ids.call("a"), ids.call("a")]).toEqual(["a_2", "a", "a_3"]);
  expect([ids.result("a_2"), ids.result("a"), ids.result("a")]).toEqual(["a_2", "a", "a_3"]);
});

test("a result without a call, and characters that the API refuses", () => {
  const ids = new ToolIds();
  expect(ids.result("x")).toBe("x");
  const wire = ids.call("f:0");
  expect(wire).toMatch(/^f_0_[0-9a-f]{12}$/);
  expect(ids.result("f:0")).toBe(wire);
});
