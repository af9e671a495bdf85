import { describe, expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import type { AnswerDecoder } from "../../src/dialects/dialect.ts";
import { DIALECTS } from "../../src/dialects/index.ts";
import { FrameTemplate } from "../../src/gateway/frame-template.ts";
import { RelayPipe } from "../../src/gateway/relay-pipe.ts";
import type { IrEvent } from "../../src/ir/events.ts";
import { SseReader } from "../../src/wire/sse.ts";
import { targetFacts } from "../dialects/openai-chat/support.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const latin1 = (text: string): string => bytes(text).toString("latin1");
const frame = (text: string): string =>
  `data: {"id":"c1","choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}]}\n\n`;

/** A template that has read two frames in full. */
function proven(): FrameTemplate {
  const template = new FrameTemplate();
  for (const text of ["one", "two"]) template.learn(bytes(frame(text)), text);
  return template;
}

describe("frames known by their bytes", () => {
  test("nothing is known before two frames have been read", () => {
    const template = new FrameTemplate();
    template.learn(bytes(frame("one")), "one");
    expect(template.match(latin1(frame("two")), 0)).toBeNull();
    template.learn(bytes(frame("two")), "two");
    expect(template.match(latin1(frame("three")), 0)).toEqual({
      length: frame("three").length,
      frames: 1,
      text: "three",
    });
  });

  test("texts in any script and with any escape", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }), (texts) => {
        const chunk = latin1(texts.map(frame).join(""));
        const whole = bytes(JSON.parse(JSON.stringify(texts.join(""))) as string).toString();
        const known = proven().match(chunk, 0);
        expect(known?.length).toBe(chunk.length);
        expect(bytes(known?.text ?? "").toString()).toBe(whole);
      }),
    );
  });

  test.each([
    ["another field", frame("x").replace('"c1"', '"c2"')],
    ["a finish", frame("x").replace("null", '"stop"')],
    ["a cut frame", frame("x").slice(0, -1)],
    ["a control character", frame("x").replace('"x"', '"\n"')],
    ["a bad escape", frame("x").replace('"x"', '"\\x"')],
    ["a field behind the text", frame("x").replace('"x"', '"x","refusal":"no"')],
  ])("%s is not known", (_what, text) => {
    const chunk = latin1(frame("good") + text);
    expect(proven().match(chunk, 0)).toEqual({ length: frame("good").length, frames: 1, text: "good" });
  });

  test("a frame that says something else ends what was known", () => {
    const template = proven();
    template.learn(bytes(frame("")), null);
    expect(template.match(latin1(frame("x")), 0)).toBeNull();
  });

  test("a text that stands twice in its frame is no template, nor is a second string that differs", () => {
    const template = new FrameTemplate();
    const twice = (text: string, id: string): string => frame(text).replace("c1", id);
    for (const [text, id] of [
      ["c1", "c1"],
      ["a", "b"],
      ["c", "d"],
    ] as const) {
      template.learn(bytes(twice(text, id)), text);
    }
    expect(template.match(latin1(twice("e", "d")), 0)).toBeNull();
  });
});

describe("a relay tells the same however its bytes are cut", () => {
  const anthropic = (text: string): string =>
    `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })}\n\n`;
  const begin = [
    `event: message_start\ndata: {"type":"message_start","message":{"id":"m","model":"x","usage":{"input_tokens":1,"output_tokens":1}}}\n\n`,
    `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n`,
  ];
  const streams = {
    "openai-chat": (texts: readonly string[]) => texts.map(frame),
    "anthropic-messages": (texts: readonly string[]) => [...begin, ...texts.map(anthropic)],
  } as const;

  function parts(dialect: keyof typeof streams) {
    return {
      reader: new SseReader(),
      decoder: DIALECTS[dialect].createDecoder({ target: targetFacts() }),
      dialect: DIALECTS[dialect],
      context: { route: { model: null, stream: true, sse: true, headers: {} }, includeUsage: true },
      requestId: "req_1",
    };
  }

  function relay(dialect: keyof typeof streams, chunks: readonly Uint8Array[]) {
    const events: IrEvent[] = [];
    const pipe = new RelayPipe(parts(dialect), (event) => events.push(event));
    const out = Buffer.concat(chunks.map((chunk) => pipe.push(chunk) ?? new Uint8Array(0)));
    const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
    const others = events.filter((event) => event.type !== "text-delta").map(({ type }) => type);
    return { out: out.toString("latin1"), text, others, progress: pipe.progress, failure: pipe.failure };
  }

  test.each(Object.keys(streams) as (keyof typeof streams)[])("%s", (dialect) => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(3000), { maxLength: 6 }),
        (texts, places) => {
          const whole = bytes(streams[dialect](texts).join(""));
          const cuts = [0, ...places.map((place) => place % whole.length).sort((a, b) => a - b), whole.length];
          const pieces = cuts.slice(1).map((end, index) => Uint8Array.from(whole.subarray(cuts[index], end)));
          const single = streams[dialect](texts).map((item) => Uint8Array.from(bytes(item)));
          const expected = relay(dialect, single);
          expect(expected.text).toBe(texts.join(""));
          expect(expected.out).toBe(whole.toString("latin1"));
          expect(relay(dialect, pieces)).toEqual(expected);
        },
      ),
    );
  });

  test("in an answer that comes as one chunk, too, only the first frames are parsed", () => {
    const decoder = DIALECTS["openai-chat"].createDecoder({ target: targetFacts() });
    const parsed: string[] = [];
    const counting: AnswerDecoder = {
      push: (item, emit) => {
        parsed.push(item.data);
        return decoder.push(item, emit);
      },
      moreText: (text, emit) => decoder.moreText?.(text, emit) ?? false,
      end: (emit) => decoder.end(emit),
    };
    const texts = Array.from({ length: 50 }, (_, index) => ` word${index}`);
    const whole = bytes(texts.map(frame).join(""));
    const told: string[] = [];
    const pipe = new RelayPipe({ ...parts("openai-chat"), decoder: counting }, (event) => {
      if (event.type === "text-delta") told.push(event.text);
    });
    expect(Buffer.from(pipe.push(whole) ?? []).equals(whole)).toBe(true);
    expect(told.join("")).toBe(texts.join(""));
    // The first one also begins the text, and two must show what is the same in all.
    expect(parsed).toHaveLength(3);
  });
});
