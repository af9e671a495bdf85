/** Anything into every decoder, of every operation: nothing but the one error, an end, and no more kept than what is being read. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { DIALECTS } from "../../../src/dialects/index.ts";
import { DIALECT_IDS, type DialectId } from "../../../src/ir/dialect-id.ts";
import { FrameLimitError } from "../../../src/wire/sse.ts";
import { targetOf } from "../../matrix/carry.ts";
import { badAnswerBodies, badRequestBodies, badStreams, readerOf } from "./properties.ts";
import { keptAfter } from "./retained.ts";
import { HANGING_MS } from "../../support/limits.ts";

setDefaultTimeout(HANGING_MS);

test("bodies of requests", () => badRequestBodies({ seed: 1, numRuns: 1500 }));
test("bodies of answers", () => badAnswerBodies({ seed: 1, numRuns: 1500 }));
test("streams", () => badStreams({ seed: 1, numRuns: 1500 }));

const LIMIT = 64 * 1024;
const MB = 1024 * 1024;

describe("what is kept", () => {
  for (const isArray of [false, true]) {
    const name = isArray ? "an array" : "an event stream";
    test(`${name} that never ends a frame is given up at the limit`, () => {
      const reader = readerOf(isArray, LIMIT);
      const piece = new Uint8Array(1000).fill(0x61);
      const start = Buffer.from(isArray ? '["' : "data: ");
      reader.push(start);
      let pushed = 0;
      const push = (): void => {
        for (; pushed < 10 * LIMIT; pushed += piece.length) reader.push(piece);
      };
      expect(push).toThrow(FrameLimitError);
      expect(pushed).toBeLessThan(2 * LIMIT);
    });
  }

  /** Frames that say nothing, as servers send them in between: unknown events, comments, empty pieces. */
  const IDLE: Readonly<Record<DialectId, string>> = {
    "openai-chat": 'data: {"id":"c","choices":[{"index":0,"delta":{"content":""}}],"x":"#"}\n\n: #\n\n',
    "openai-responses": 'data: {"type":"response.x_unknown","sequence_number":1,"x":"#"}\n\n: #\n\n',
    "anthropic-messages": 'data: {"type":"ping","x":"#"}\n\ndata: {"type":"x_unknown","x":"#"}\n\n',
    gemini: 'data: {"candidates":[{"index":0,"content":{"parts":[]}}],"x":"#"}\n\n: #\n\n',
  };
  for (const id of DIALECT_IDS) {
    test(`${id}: 20 MB that say nothing leave nothing behind`, () => {
      const decoder = DIALECTS[id].createDecoder({ target: targetOf(id) });
      const reader = readerOf(false);
      const kept = keptAfter(20 * MB, IDLE[id], (bytes) => {
        for (const { frame, isComment } of reader.push(bytes)) if (!isComment) decoder.push(frame, () => undefined);
      });
      expect(kept).toBeLessThan(2 * MB);
      decoder.end(() => undefined);
    });
  }
});
