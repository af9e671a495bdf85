import { describe, expect, test } from "bun:test";
import { type Abortable, Aborter } from "../../src/lib/abort.ts";

/** What the runtime's own does is what ours must do. */
const MAKERS: [string, () => { signal: Abortable; abort(reason: unknown): void }][] = [
  ["the runtime's", () => new AbortController()],
  ["ours", () => new Aborter()],
];

describe.each(MAKERS)("%s", (_name, make) => {
  test("tells its listeners once, with the first reason", () => {
    const source = make();
    const told: unknown[] = [];
    for (const name of ["a", "b"]) {
      source.signal.addEventListener("abort", () => told.push([name, source.signal.reason]), { once: true });
    }
    expect(source.signal.aborted).toBe(false);
    expect(source.signal.reason).toBeUndefined();
    source.abort("first");
    source.abort("second");
    expect(source.signal.aborted).toBe(true);
    expect(told).toEqual([
      ["a", "first"],
      ["b", "first"],
    ]);
  });

  test("a listener that was taken away, or comes too late, is not told", () => {
    const source = make();
    let told = 0;
    const listener = (): void => {
      told += 1;
    };
    source.signal.addEventListener("abort", listener, { once: true });
    source.signal.removeEventListener("abort", listener);
    source.signal.removeEventListener("abort", listener);
    source.abort("now");
    source.signal.addEventListener("abort", listener, { once: true });
    expect(told).toBe(0);
  });

  test("listeners may take each other away and abort again", () => {
    const source = make();
    const told: string[] = [];
    const second = (): void => void told.push("second");
    source.signal.addEventListener(
      "abort",
      () => {
        told.push("first");
        source.signal.removeEventListener("abort", second);
        source.abort("again");
      },
      { once: true },
    );
    source.signal.addEventListener("abort", second, { once: true });
    source.abort("now");
    expect(source.signal.reason).toBe("now");
    expect(told).toEqual(["first"]);
  });
});

test("one under another ends with it and for its reason, but not the other way round", () => {
  const parent = new Aborter();
  const [first, second] = [Aborter.under(parent), Aborter.under(parent)];
  first.abort("own");
  expect(parent.aborted).toBe(false);
  parent.abort("all");
  expect([first.reason, second.reason]).toEqual(["own", "all"]);
  expect(Aborter.under(parent).reason).toBe("all");
  expect(Aborter.under(AbortSignal.abort("early")).reason).toBe("early");
});
