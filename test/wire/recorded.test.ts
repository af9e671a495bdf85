import { expect } from "bun:test";
import { createParser } from "eventsource-parser";
import { scanObject } from "../../src/wire/scan.ts";
import { type RawFrame, SseReader } from "../../src/wire/sse.ts";
import { JsonArrayReader } from "../../src/wire/json-array.ts";
import { fixtureTest, loadCases } from "../support/fixtures.ts";

interface Reader {
  push(chunk: Uint8Array): RawFrame[];
  end(): RawFrame[];
}

function readIn(reader: Reader, bytes: Uint8Array, size: number): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let pos = 0; pos < bytes.length; pos += size) frames.push(...reader.push(bytes.subarray(pos, pos + size)));
  return [...frames, ...reader.end()];
}
const plain = (frames: RawFrame[]): unknown[] => frames.map((item) => [item.frame, item.raw.length, item.isComment]);

fixtureTest("recorded streams: what eventsource-parser reads, the same in pieces of any size, every byte kept", () => {
  const cases = loadCases().filter((item) => item.kind === "sse");
  expect(cases.length).toBeGreaterThan(100);
  for (const item of cases) {
    const bytes = item.body();
    const expected: { event: string | null; data: string }[] = [];
    const oracle = createParser({ onEvent: ({ event, data }) => expected.push({ event: event ?? null, data }) });
    oracle.feed(new TextDecoder().decode(bytes));
    const whole = readIn(new SseReader({ maxFrameBytes: 1e8 }), bytes, bytes.length);
    const frames = whole.filter((frame) => !frame.isComment).map((frame) => frame.frame);
    expect([item.id, frames.slice(0, expected.length)]).toEqual([item.id, expected]);
    // Beyond the standard: a last frame without its blank line, and bare JSON.
    expect(frames.length - expected.length).toBeLessThanOrEqual(1);
    const joined = Buffer.concat(whole.map((frame) => frame.raw));
    expect(joined.subarray(0, bytes.length).equals(Buffer.from(bytes))).toBe(true);
    for (const size of [1, 7, 1000]) {
      expect(plain(readIn(new SseReader({ maxFrameBytes: 1e8 }), bytes, size))).toEqual(plain(whole));
    }
  }
});

fixtureTest("recorded arrays: one frame for each element", () => {
  for (const item of loadCases().filter((candidate) => candidate.kind === "json-array")) {
    const bytes = item.body();
    const list = JSON.parse(new TextDecoder().decode(bytes)) as unknown[];
    for (const size of [1, 7, bytes.length]) {
      const frames = readIn(new JsonArrayReader({ maxFrameBytes: 1e8 }), bytes, size).filter(
        (frame) => !frame.isComment,
      );
      expect(frames.map((frame) => JSON.parse(frame.frame.data) as unknown)).toEqual(list);
    }
  }
});

fixtureTest("recorded JSON bodies are scanned as JSON.parse reads them", () => {
  for (const item of loadCases().filter((candidate) => candidate.kind === "json")) {
    const bytes = item.body();
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      value = null;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
    const doc = scanObject(bytes);
    expect([item.id, [...doc.fields.keys()].toSorted()]).toEqual([item.id, Object.keys(value).toSorted()]);
  }
});
