import { expect, test } from "bun:test";
import * as fc from "../../support/property.ts";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import { DecodeError, GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import { FrameLimitError } from "../../../src/wire/sse.ts";
import { decodePieces, decodeRequest, decodeStream, encodeStream, essence, fold, sse, targetFacts } from "./support.ts";

const NAMES = [
  "response.created",
  "response.output_item.added",
  "response.output_item.done",
  "response.content_part.added",
  "response.output_text.delta",
  "response.output_text.done",
  "response.output_text.annotation.added",
  "response.refusal.delta",
  "response.function_call_arguments.delta",
  "response.function_call_arguments.done",
  "response.custom_tool_call_input.delta",
  "response.reasoning_summary_text.delta",
  "response.reasoning_text.done",
  "response.completed",
  "response.incomplete",
  "response.failed",
  "error",
];
const ITEM_TYPES = [
  "message",
  "reasoning",
  "function_call",
  "custom_tool_call",
  "web_search_call",
  "image_generation_call",
  "x",
];
const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const loose = (known: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> =>
  fc.oneof({ weight: 3, arbitrary: known }, { weight: 1, arbitrary: anything });

const item = fc.record(
  {
    type: loose(fc.constantFrom(...ITEM_TYPES)),
    id: loose(fc.constantFrom("a", "b")),
    call_id: loose(fc.constantFrom("c", "d")),
    name: loose(fc.constant("f")),
    arguments: loose(fc.string()),
    content: loose(
      fc.array(fc.record({ type: fc.constantFrom("output_text", "refusal"), text: anything, annotations: anything }), {
        maxLength: 3,
      }) as fc.Arbitrary<JsonValue>,
    ),
    summary: anything,
    encrypted_content: loose(fc.string()),
    result: loose(fc.string()),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;
const event = fc.record(
  {
    type: loose(fc.constantFrom(...NAMES)),
    output_index: loose(fc.nat(3)),
    content_index: loose(fc.nat(2)),
    summary_index: loose(fc.nat(2)),
    item_id: loose(fc.constantFrom("a", "b")),
    delta: loose(fc.string()),
    text: loose(fc.string()),
    item,
    annotation: anything,
    response: fc.record(
      {
        status: loose(fc.constantFrom("completed", "failed")),
        output: fc.array(item, { maxLength: 3 }),
        usage: anything,
        error: anything,
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["type"] },
) as unknown as fc.Arbitrary<JsonObject>;

/** Runs something that may refuse its input, in the one way it has. */
function orRefused<T>(run: () => T, ...kinds: (new (...args: never[]) => Error)[]): T | null {
  try {
    return run();
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return null;
    throw error;
  }
}

test("arbitrary bytes into the decoder: events or a DecodeError, nothing else", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
      orRefused(() => decodePieces(pieces), DecodeError, FrameLimitError);
    }),
  );
});

test("arbitrary events: every part begins before it goes on, ends once, and the answer ends in one way", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const decoded = decodeStream(sse(events, false));
      const open = new Set<number>();
      const seen = new Set<number>();
      for (const entry of decoded) {
        if (!("part" in entry)) continue;
        if (entry.type.endsWith("-start") || entry.type === "native-part" || entry.type === "server-tool-result") {
          expect(seen.has(entry.part)).toBe(false);
          seen.add(entry.part);
          open.add(entry.part);
        } else expect(open.has(entry.part)).toBe(true);
        if (entry.type === "part-end") open.delete(entry.part);
      }
      const ends = decoded.filter((entry) => entry.type === "response-end" || entry.type === "error");
      expect(ends).toHaveLength(1);
      expect(decoded.at(-1)?.type).toBe(ends[0]?.type as IrEvent["type"]);
    }),
    { numRuns: 500 },
  );
});

/** The texts of parts as they are written: one that has begun and says nothing yet stands behind those that speak before it. */
function inOrderOfSpeech(events: readonly IrEvent[]): string[] {
  const begun = new Set<number>();
  const spoken = new Set<number>();
  for (const entry of events) {
    if (!("part" in entry)) continue;
    begun.add(entry.part);
    if ("text" in entry && entry.text !== "") spoken.add(entry.part);
  }
  const parts = fold([...events]).choices[0]?.parts ?? [];
  return [...spoken].map((id) => {
    const part = parts[[...begun].indexOf(id)];
    return part !== undefined && "text" in part ? part.text : "";
  });
}

test("whatever was decoded is encoded and decoded to the same answer", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      const response: JsonObject = { type: "response.completed", response: { status: "completed", output: [] } };
      const ending = new Set(["response.completed", "response.incomplete", "response.failed", "error"]);
      const first = decodeStream(
        sse(
          [...events.filter((entry) => !(typeof entry["type"] === "string" && ending.has(entry["type"]))), response],
          false,
        ),
      );
      if (first.some((entry) => entry.type === "error")) return;
      const again = fold(decodeStream(encodeStream(first)));
      const calls = fold(first).choices[0]?.parts.filter((part) => part.type === "tool-call").length;
      expect(again.choices[0]?.parts.filter((part) => part.type === "tool-call").length).toBe(calls);
      if (
        !JSON.stringify(essence(fold(first))).includes('"text":""') &&
        !first.some((entry) => entry.type === "tool-start")
      ) {
        const said = inOrderOfSpeech(first);
        const texts = again.choices[0]?.parts.map((part) => ("text" in part ? part.text : "")) ?? [];
        // A citation speaks, too, where it can be written.
        const isCited = first.some(({ type }) => type === "citation");
        const whole = (list: string[]): string => (isCited ? [...list.join("")].sort() : list).join("");
        expect(whole(texts)).toBe(whole(said));
      }
    }),
  );
});

test("arbitrary JSON as request, answer and error: a value or the one error", () => {
  const fields = [
    "model",
    "input",
    "tools",
    "tool_choice",
    "text",
    "reasoning",
    "include",
    "metadata",
    "instructions",
    "max_output_tokens",
  ];
  const body = fc.dictionary(
    fc.constantFrom(...fields),
    fc.oneof(anything, fc.array(item, { maxLength: 3 })),
  ) as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(body, (value) => {
      const request = orRefused(() => decodeRequest(value), GatewayError);
      if (request !== null) openaiResponses.encodeRequest(request, targetFacts());
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(anything, fc.nat(599), (value, status) => {
      orRefused(() => openaiResponses.decodeAnswer(value, { target: targetFacts() }, () => undefined), DecodeError);
      const failure = openaiResponses.decodeError(status, JSON.stringify(value), new Headers());
      expect(isObject(failure as unknown)).toBe(true);
    }),
  );
});
