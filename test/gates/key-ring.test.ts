import { expect, test } from "bun:test";
import { KeyRing } from "../../src/lib/key-ring.ts";

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

test("the first key seals, all of them open, a key that has gone doesn't", () => {
  const old = new KeyRing(key(1));
  const sealed = old.seal("row", "sk-secret");
  const both = new KeyRing(key(2), key(1));
  expect(both.open("row", sealed)).toBe("sk-secret");
  expect([old.isCurrent(sealed), both.isCurrent(sealed), both.isCurrent(both.seal("row", "x"))]).toEqual([
    true,
    false,
    true,
  ]);
  expect(() => new KeyRing(key(2)).open("row", sealed)).toThrow("a key that isn't here");
});

test("another row, any altered character, and a text without a key are refused", () => {
  const ring = new KeyRing(key(1), key(2));
  const sealed = ring.seal("row", "sk-secret");
  expect(() => ring.open("other row", sealed)).toThrow();
  for (let at = 0; at < sealed.length; at += 1) {
    const altered = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
    // The last characters of base64 may hold bits that are no part of the bytes.
    if (Buffer.from(altered.slice(9), "base64").equals(Buffer.from(sealed.slice(9), "base64")) && at > 8) continue;
    expect(() => ring.open("row", altered)).toThrow();
  }
  expect(() => ring.open("row", sealed.slice(9))).toThrow();
});
