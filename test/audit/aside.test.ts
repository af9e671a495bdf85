/** Texts of clients stand beside the chain, which knows them by salted digests. */
import { expect, test } from "bun:test";
import { asideFault, asideOf, withTexts } from "../../src/audit/aside.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { auditOf } from "../store/support.ts";

const input = (modelAsked: string | null, losses: JsonObject[] = []) => ({
  ...auditOf("req_1", 1),
  modelAsked,
  losses,
});
const loss = { field: "messages[0].name", reason: "not carried", side: "request" };

test("a call that asked for its model by id and lost nothing has nothing aside", () => {
  expect(asideOf(input("m"))).toBeNull();
  expect(asideOf({ ...input(null), modelServed: null })).toBeNull();
});

test.each([
  ["another name", "jane@example.com", []],
  ["losses", "m", [loss]],
  ["both", "jane@example.com", [loss]],
  ["no name at all, and losses", null, [loss]],
])("%s: digests in the record, texts aside, and back", (_what, name, losses: JsonObject[]) => {
  const aside = asideOf(input(name, losses));
  if (aside === null) throw new Error("nothing aside");
  const { digests, text } = aside;
  expect(JSON.stringify(digests)).not.toMatch(/jane|messages/);
  expect(withTexts(digests, text)).toEqual({ modelAsked: name, losses });
  expect(asideFault(digests, text)).toBeNull();
  expect(asideFault(digests, null)).toBe("gone");
  expect(withTexts(digests, null)).toEqual({ modelAsked: digests.modelAsked, losses: [] });
  const told = JSON.parse(text) as JsonObject;
  for (const change of [{ model_asked: "other" }, { losses: [] }, { salt: "0" }]) {
    expect(asideFault(digests, JSON.stringify({ ...told, ...change }))).toBe("altered");
  }
  expect(asideFault(digests, "{}")).toBe("altered");
  expect(asideFault(digests, "oops")).toBe("altered");
  // Salted: the same text has another digest in every row.
  expect(asideOf(input(name, losses))?.digests).not.toEqual(digests);
});
