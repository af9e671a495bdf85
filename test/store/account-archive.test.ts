/** Exports beside everything else that a database does. */
import { expect, test } from "bun:test";
import { Book } from "./support.ts";

test("an export that nobody reads on holds nothing open, and is read to its end later", async () => {
  await using book = new Book();
  const { archive, erasure, responses } = book.store;
  const ids = Array.from({ length: 120 }, (_, index) => `resp_${String(index).padStart(3, "0")}`);
  const times = { created: book.now, expires: book.now + 1_000 };
  const kept = { ...times, previous: null, input: [], response: {}, pin: null };
  for (const id of ids) await responses.put({ ...kept, id, account: "a" });
  await responses.put({ ...kept, id: "resp_b", account: "b" });
  const lines = archive.responses("a");
  const first = lines.next();
  // Copies the whole log into the database, which an open read rules out.
  const erased = await erasure.erase("b", book.now, false, () => Promise.resolve());
  expect(erased.storedResponses).toBe(1);
  const read = [first.value, ...lines].map((line) => line?.["id"]);
  expect(read).toEqual(ids);
});
