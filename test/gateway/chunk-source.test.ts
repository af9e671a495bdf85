import { describe, expect, test } from "bun:test";
import { ChunkSource } from "../../src/gateway/chunk-source.ts";
import { HttpAnswer } from "../../src/upstream/http-answer.ts";
import { UpstreamError } from "../../src/upstream/error.ts";
import type { InboundAnswer } from "../../src/upstream/types.ts";
import { HeaderFields } from "../../src/wire/header-fields.ts";

const broken = new UpstreamError({ cause: "reset", status: null, code: null, message: "gone" });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function answer() {
  const source = { pause: () => undefined, resume: () => undefined, abandon: () => undefined };
  return new HttpAnswer(200, new HeaderFields(), source);
}

/** An answer that knows nothing but `read`. */
function plain(inner: HttpAnswer): InboundAnswer {
  return {
    status: inner.status,
    headers: inner.headers,
    read: () => inner.read(),
    cancel: () => inner.cancel(),
  };
}

const KINDS: [string, (inner: HttpAnswer) => InboundAnswer][] = [
  ["an answer that tells when there is more", (inner) => inner],
  ["an answer that can only be read", plain],
];

describe.each(KINDS)("%s", (_name, wrap) => {
  function begin() {
    const inner = answer();
    const chunks = new ChunkSource(wrap(inner));
    const told: number[] = [];
    let polls = 0;
    const poll = () => {
      polls += 1;
      const number = polls;
      return chunks.poll(() => void told.push(number));
    };
    return { inner, chunks, told, poll };
  }

  test("what comes later is told once, and never before the poll is over", async () => {
    const { inner, told, poll } = begin();
    expect(poll()).toBeUndefined();
    inner.deliver([Buffer.from("one")]);
    expect(told).toEqual([]);
    await turn();
    expect(told).toEqual([1]);
    expect(String(poll())).toBe("one");
    expect(poll()).toBeUndefined();
    inner.deliver([Buffer.from("two")]);
    inner.deliver([Buffer.from("three")]);
    inner.end();
    await turn();
    expect(told).toEqual([1, 3]);
  });

  test("the latest poll is the one that is told", async () => {
    const { inner, told, poll } = begin();
    poll();
    poll();
    inner.deliver([Buffer.from("one")]);
    await turn();
    expect(told).toEqual([2]);
  });

  test("the end is null, and a failure is thrown", async () => {
    const ended = begin();
    ended.poll();
    ended.inner.end();
    await turn();
    expect(ended.told).toEqual([1]);
    expect(ended.poll()).toBeNull();
    const failed = begin();
    failed.poll();
    failed.inner.fail(broken);
    await turn();
    expect(failed.told).toEqual([1]);
    expect(failed.poll).toThrow(broken);
  });

  test("a read takes the place of a poll, with the chunk that came for it", async () => {
    const { inner, chunks, told, poll } = begin();
    poll();
    inner.deliver([Buffer.from("one")]);
    await turn();
    expect(String(await chunks.read())).toBe("one");
    poll();
    const reading = chunks.read();
    inner.deliver([Buffer.from("two")]);
    inner.end();
    expect(String(await reading)).toBe("two");
    expect(await chunks.read()).toBeNull();
    await turn();
    expect(told).toEqual([1]);
  });
});
