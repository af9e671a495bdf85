/** Who was given what by which provider, as it is kept. */
import { expect, test } from "bun:test";
import { OWNERSHIP_MS, type OwnedId } from "../../src/gates/ownership.ts";
import { Book } from "./support.ts";

const thing = (change: Partial<OwnedId> = {}): OwnedId => ({
  kind: "container",
  id: "cntr_1",
  account: "a",
  provider: "openai",
  credential: "operator",
  ...change,
});

test("the first account that gets an id keeps it, by each provider and credential by itself", async () => {
  await using book = new Book();
  const { ownership } = book.store;
  await ownership.claim([thing(), thing({ kind: "file" })]);
  await ownership.claim([thing({ account: "b" }), thing({ account: "b", credential: "byok:1" })]);
  const owners = ownership.find("container", "cntr_1").map(({ account, credential }) => [account, credential]);
  expect(owners.toSorted()).toEqual([
    ["a", "operator"],
    ["b", "byok:1"],
  ]);
  expect(ownership.find("container", "cntr_2")).toEqual([]);
  await book.restart();
  expect(book.store.ownership.find("file", "cntr_1")).toEqual([expect.objectContaining(thing({ kind: "file" }))]);
});

test("what was not named for 30 days is nobody's, and swept", async () => {
  await using book = new Book();
  const { ownership } = book.store;
  await ownership.claim([thing(), thing({ id: "cntr_2" })]);
  book.now += OWNERSHIP_MS - 1;
  await ownership.claim([thing()]);
  book.now += 1;
  expect([ownership.find("container", "cntr_1").length, ownership.find("container", "cntr_2").length]).toEqual([1, 0]);
  await ownership.claim([thing({ id: "cntr_2", account: "b" })]);
  expect(ownership.find("container", "cntr_2")).toEqual([expect.objectContaining({ account: "b" })]);
  book.now += OWNERSHIP_MS;
  await ownership.sweep(book.now);
  book.now -= OWNERSHIP_MS;
  expect(ownership.find("container", "cntr_2")).toEqual([]);
});
