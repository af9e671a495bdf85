import { describe, expect, test } from "bun:test";
import { createParser } from "eventsource-parser";
import * as fc from "../support/property.ts";
import type { Frame } from "../../src/wire/frame.ts";
import { JsonArrayReader } from "../../src/wire/json-array.ts";
import { formatSse, FrameLimitError, type RawFrame, SseReader } from "../../src/wire/sse.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Reader {
  push(chunk: Uint8Array): RawFrame[];
  end(): RawFrame[];
}

/** All frames of `input` cut at `cuts`. */
function read(reader: Reader, input: Uint8Array, cuts: readonly number[] = []): RawFrame[] {
  const frames: RawFrame[] = [];
  let pos = 0;
  for (const cut of [...cuts, input.length]) {
    // A fresh copy per chunk, overwritten afterwards: readers may not rely on memory that isn't theirs between pushes.
    frames.push(...reader.push(input.slice(pos, cut)));
    pos = cut;
  }
  return [...frames, ...reader.end()];
}

const events = (input: string | Uint8Array, cuts?: readonly number[]): Frame[] =>
  read(new SseReader(), typeof input === "string" ? bytes(input) : input, cuts)
    .filter((item) => !item.isComment)
    .map((item) => item.frame);
const data = (input: string | Uint8Array): string[] => events(input).map((frame) => frame.data);

/** Comparable form: text instead of bytes. */
const plain = (frames: RawFrame[]): unknown[] =>
  frames.map((item) => [item.frame, new TextDecoder("latin1").decode(item.raw), item.isComment]);

/** The cases of web-platform-tests `eventsource/format-*`, with the outcome that the standard asks for. */
describe("event stream format", () => {
  test.each([
    ["bom", "\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n", ["1", "3"]],
    ["two boms", "\ufeff\ufeffdata:1\n\ndata:2\n\n", ["2"]],
    [
      "comments",
      `data:1\r:\0\n:\r\ndata:2\n:${"x".repeat(3000)}\rdata:3\n:data:fail\r:${"y".repeat(3000)}\ndata:4\n\n`,
      ["1\n2\n3\n4"],
    ],
    ["data before final empty line", "retry:1000\ndata:test1\n\nid:test\ndata:test2\n", ["test1", "test2"]],
    ["field data", "data:\n\ndata\ndata\n\ndata:test\n\n", ["", "\n", "test"]],
    ["empty event field", "event: \ndata:data\n\n", ["data"]],
    [
      "field parsing",
      "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
      ["\0\n 2\n1\n3\n\n4"],
    ],
    ["field unknown", "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\n\n", ["test\n"]],
    ["leading space", "data:\ttest\rdata: \ndata:test\n\n", ["\ttest\n\ntest"]],
    ["newlines", "data:test\r\ndata\ndata:test\r\n\r", ["test\n\ntest"]],
    ["null character", "data:\0\n\n\n\n", ["\0"]],
    ["utf-8", "data:ok…\n\n", ["ok…"]],
    ["CR only", "data: 1\r\rdata: 2\r\r", ["1", "2"]],
    ["blank lines around", "\n\n\ndata: 1\n\n\n\ndata: 2\n\n", ["1", "2"]],
  ])("%s", (_name, input, expected) => {
    expect(data(input)).toEqual(expected);
  });

  test("event names", () => {
    expect(events("event:test\ndata:x\n\ndata:x\n\nevent:a\nevent:b\ndata:x\n\nevent: \ndata:x\n\n")).toEqual([
      { event: "test", data: "x" },
      { event: null, data: "x" },
      { event: "b", data: "x" },
      { event: null, data: "x" },
    ]);
  });

  test("ill-formed UTF-8 is replaced as the decoder of the standard does", () => {
    for (const bad of [[0xff], [0xe2, 0x82], [0xf0, 0x9f, 0x92], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const input = Uint8Array.from([...bytes("data: a"), ...bad, ...bytes("b\n\n")]);
      expect(data(input)).toEqual([`a${new TextDecoder().decode(Uint8Array.from(bad))}b`]);
    }
  });

  test("a last frame without its blank line counts, an unfinished line does not", () => {
    const frames = read(new SseReader(), bytes("data: 1\n\ndata: [DONE]\n"));
    expect(frames.map((item) => item.frame.data)).toEqual(["1", "[DONE]"]);
    expect(new TextDecoder().decode(frames[1]?.raw)).toBe("data: [DONE]\n\n");
    expect(data("data: 1\n\ndata: [DO")).toEqual(["1"]);
    expect(data("data: 1\n\ndata: 2\r")).toEqual(["1", "2"]);
    expect(data('data: 1\n\nevent: x\ndata: 2\ndata: {"cut')).toEqual(["1", "2"]);
  });

  test("errors outside the format: an error line, and bare JSON", () => {
    expect(events('data: 1\n\nerror: {"message":"m"}\n\n')).toEqual([
      { event: null, data: "1" },
      { event: "error", data: '{"message":"m"}' },
    ]);
    const bare = '{\n  "error": {\n    "code": 499\n  }\n}';
    expect(events(`data: 1\n\n${bare}\n`)).toEqual([
      { event: null, data: "1" },
      { event: null, data: bare },
    ]);
  });
});

describe("SseReader", () => {
  test("raw bytes are views into the chunk when a frame lies within it", () => {
    const chunk = bytes("data: 1\n\n: ping\n\nevent: x\ndata: 2\n\n");
    const frames = new SseReader().push(chunk);
    expect(frames.map((item) => [item.raw.buffer === chunk.buffer, item.raw.byteOffset])).toEqual([
      [true, 0],
      [true, 9],
      [true, 17],
    ]);
    expect(frames.map((item) => item.isComment)).toEqual([false, true, false]);
  });

  test("frames come as soon as their blank line is there", () => {
    const reader = new SseReader();
    expect(reader.push(bytes("data: 1\n"))).toEqual([]);
    expect(reader.push(bytes("\n")).length).toBe(1);
    expect(reader.push(bytes("data: 2\r\n\r")).length).toBe(0);
    expect(reader.push(bytes("\n")).length).toBe(1);
  });

  test("frames handed out are not overwritten by later chunks", () => {
    const reader = new SseReader();
    reader.push(bytes("data: fir"));
    const [first] = reader.push(bytes("st\n\ndata: sec"));
    const [second] = reader.push(bytes("ond\n\ndata: third, longer than before"));
    reader.push(bytes("\n\n"));
    expect(new TextDecoder().decode(first?.raw)).toBe("data: first\n\n");
    expect(new TextDecoder().decode(second?.raw)).toBe("data: second\n\n");
  });

  test("a frame over the limit is an error, whole or in pieces", () => {
    expect(() => read(new SseReader({ maxFrameBytes: 100 }), bytes(`data: ${"x".repeat(100)}\n\n`))).toThrow(
      FrameLimitError,
    );
    const reader = new SseReader({ maxFrameBytes: 1000 });
    expect(() => {
      for (let count = 0; count < 200; count += 1) reader.push(bytes("data: 12345"));
    }).toThrow(FrameLimitError);
    expect(read(new SseReader({ maxFrameBytes: 10 }), bytes("data: 1\n\n".repeat(50))).length).toBe(50);
  });

  test("a large frame in single bytes takes linear time", () => {
    const size = 400_000;
    const frames = read(
      new SseReader(),
      bytes(`data: ${"x".repeat(size)}\n\n`),
      Array.from({ length: size }, (_, index) => index + 1),
    );
    expect(frames.map((item) => item.frame.data.length)).toEqual([size]);
  });

  const lines = [
    ...'data: 1|data:{"a":1}|data:  é…💛|data|data:|event: x|event:|event|id: 7|retry: 5'.split("|"),
    ...": c|:|junk| data: no|dat: x|datas: x|error|events: y|\ufeffdata: x|Error: z".split("|"),
  ];
  const line = fc.constantFrom(...lines);
  const stream = fc
    .tuple(
      fc.boolean(),
      fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\r\r")), { maxLength: 12 }),
    )
    .map(([mark, lines]) => (mark ? "\ufeff" : "") + lines.flat().join(""));

  test("agrees with eventsource-parser at every cut, and gives back every byte", () => {
    fc.assert(
      fc.property(stream, (text) => {
        const input = bytes(`${text}\n\ndata: end\n\n`);
        const expected: Frame[] = [];
        const oracle = createParser({
          onEvent: (event) => expected.push({ event: event.event ?? null, data: event.data }),
        });
        oracle.feed(new TextDecoder("utf-8", { ignoreBOM: true }).decode(input));
        const whole = read(new SseReader(), input);
        expect(
          whole.filter((item) => !item.isComment && item.frame.event !== "error").map((item) => item.frame),
        ).toEqual(expected);
        expect(Buffer.concat(whole.map((item) => item.raw)).equals(Buffer.from(input))).toBe(true);
        for (let cut = 1; cut < input.length; cut += 1) {
          expect(plain(read(new SseReader(), input, [cut]))).toEqual(plain(whole));
        }
        const single = Array.from({ length: input.length - 1 }, (_, index) => index + 1);
        expect(plain(read(new SseReader(), input, single))).toEqual(plain(whole));
      }),
      { numRuns: 150 },
    );
  });

  test("random bytes in random cuts never throw, and no byte is lost before the unfinished rest", () => {
    const soup = fc.array(fc.constantFrom(10, 13, 58, 32, 100, 97, 116, 123, 0xef, 0xbb, 0xbf, 0xff, 0), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(soup, fc.array(fc.nat(200), { maxLength: 5 }), (list, cuts) => {
        const input = Uint8Array.from(list);
        const sorted = cuts.filter((cut) => cut < input.length).toSorted((a, b) => a - b);
        const reader = new SseReader();
        const frames = read(reader, input, sorted);
        expect(plain(frames)).toEqual(plain(read(new SseReader(), input)));
        const joined = Buffer.concat(frames.map((item) => item.raw));
        const same = Math.min(joined.length, input.length) - 1;
        expect(joined.subarray(0, Math.max(0, same)).equals(Buffer.from(input).subarray(0, Math.max(0, same)))).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("formatSse is read back", () => {
    expect(events(formatSse("message_start", '{"a":1}') + formatSse(null, "[DONE]"))).toEqual([
      { event: "message_start", data: '{"a":1}' },
      { event: null, data: "[DONE]" },
    ]);
  });
});

describe("JsonArrayReader", () => {
  const elements = (input: string, cuts?: readonly number[]): RawFrame[] =>
    read(new JsonArrayReader(), bytes(input), cuts);

  test("each element is a frame, the raw bytes are all bytes", () => {
    const input = '[{"a":"]},{"}\n,\r\n{"b":[1,{"c":"\\""}]}\n]\n';
    const frames = elements(input);
    expect(frames.map((item) => item.frame.data)).toEqual(['{"a":"]},{"}', '{"b":[1,{"c":"\\""}]}', ""]);
    expect(frames.map((item) => item.isComment)).toEqual([false, false, true]);
    expect(Buffer.concat(frames.map((item) => item.raw)).toString()).toBe(input);
  });

  test("scalars, a lone object, NDJSON, an empty array, a cut element", () => {
    const texts = (input: string): string[] =>
      elements(input)
        .filter((item) => !item.isComment)
        .map((item) => item.frame.data);
    expect(texts('[1, "a,]" ,null,[2]]')).toEqual(["1", '"a,]"', "null", "[2]"]);
    expect(texts('{"error":{}}')).toEqual(['{"error":{}}']);
    expect(texts('{"a":1}\n{"b":2}\n')).toEqual(['{"a":1}', '{"b":2}']);
    expect(texts("[]")).toEqual([]);
    expect(texts('[{"a":1},{"b"')).toEqual(['{"a":1}', '{"b"']);
  });

  test("is the same under any cutting", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 5 }),
        fc.nat(2),
        fc.infiniteStream(fc.nat(9)),
        (list, indent, sizes) => {
          const input = bytes(JSON.stringify(list, null, indent));
          const whole = read(new JsonArrayReader(), input);
          const cuts: number[] = [];
          for (const size of sizes) {
            const next = (cuts.at(-1) ?? 0) + size + 1;
            if (next >= input.length) break;
            cuts.push(next);
          }
          expect(plain(read(new JsonArrayReader(), input, cuts))).toEqual(plain(whole));
          const values = whole.filter((item) => !item.isComment).map((item) => JSON.parse(item.frame.data) as unknown);
          expect(values).toEqual(JSON.parse(JSON.stringify(list)) as unknown[]);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("random text never throws or loops, and keeps all bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'[]{},"\\ 1a\n'.split("")), { maxLength: 60 }), (list) => {
        const input = list.join("");
        expect(Buffer.concat(elements(input).map((item) => item.raw)).toString()).toBe(input);
      }),
      { numRuns: 1000 },
    );
  });

  test("an element over the limit is an error", () => {
    expect(() => new JsonArrayReader({ maxFrameBytes: 50 }).push(bytes(`[{"a":"${"x".repeat(60)}`))).toThrow(
      FrameLimitError,
    );
  });
});
