/** Properties: whatever comes, a decoder throws nothing but its one error; what is written can be read again. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "../../support/property.ts";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import { DecodeError, GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { Finish } from "../../../src/ir/finish.ts";
import { parseJson } from "../../../src/lib/json.ts";
import { FrameLimitError } from "../../../src/wire/sse.ts";
import {
  answerContext,
  chunk,
  decodeBody,
  decodePieces,
  decodeRequest,
  encodeStream,
  essence,
  fold,
  FOREIGN,
  NO_ANNOTATION,
  SIMPLE_BODY,
  targetFacts,
  unended,
} from "./support.ts";
import { HANGING_MS } from "../../support/limits.ts";

setDefaultTimeout(HANGING_MS);

function mayThrow(run: () => void, ...kinds: (new (...args: never[]) => Error)[]): void {
  try {
    run();
  } catch (error) {
    if (!kinds.some((kind) => error instanceof kind)) throw error;
  }
}

/** JSON that looks like what servers send, with anything in its places. */
const anything = fc.jsonValue({ maxDepth: 3 });
const message = fc.record(
  {
    role: anything,
    content: fc.oneof(
      fc.string(),
      anything,
      fc.array(fc.record({ type: fc.constantFrom("text", "thinking", "x"), text: anything, thinking: anything })),
    ),
    refusal: anything,
    reasoning: anything,
    reasoning_content: fc.oneof(fc.string(), anything),
    reasoning_details: fc.array(fc.record({ type: anything, text: anything, data: anything, index: anything })),
    tool_calls: fc.array(
      fc.record(
        {
          index: fc.oneof(fc.nat(3), anything),
          id: anything,
          type: anything,
          function: fc.record({ name: anything, arguments: anything }, { requiredKeys: [] }),
          custom: anything,
        },
        { requiredKeys: [] },
      ),
      { maxLength: 3 },
    ),
    function_call: anything,
    annotations: anything,
    audio: anything,
    images: anything,
    executed_tools: anything,
    extra_content: anything,
  },
  { requiredKeys: [] },
);
const choice = fc.record(
  {
    index: fc.oneof(fc.nat(2), anything),
    delta: fc.oneof(message, anything),
    message: fc.oneof(message, anything),
    finish_reason: fc.oneof(fc.constantFrom("stop", "length", "tool_calls", null, ""), anything),
    logprobs: anything,
  },
  { requiredKeys: [] },
);
const wireChunk = fc.record(
  {
    id: anything,
    model: anything,
    created: anything,
    choices: fc.oneof(fc.array(choice, { maxLength: 3 }), anything),
    usage: fc.oneof(
      fc.record(
        { prompt_tokens: anything, completion_tokens: anything, prompt_tokens_details: anything },
        { requiredKeys: [] },
      ),
      anything,
    ),
    x_groq: anything,
    service_tier: anything,
    search_results: anything,
    citations: anything,
  },
  { requiredKeys: [] },
);

describe("whatever comes", () => {
  test("arbitrary bytes: nothing but the one error, and an end", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
        mayThrow(() => void decodePieces(pieces), DecodeError, FrameLimitError);
      }),
      { numRuns: 150 },
    );
  });

  test("arbitrary chunks: events that fold, and exactly one end", () => {
    for (const think_tags of [false, true]) {
      fc.assert(
        fc.property(fc.array(wireChunk, { maxLength: 6 }), (chunks) => {
          mayThrow(() => {
            const stream = unended(...chunks.map((item) => parseJson(JSON.stringify(item))));
            const { events } = decodePieces([Buffer.from(stream)], targetFacts({ think_tags }));
            const ends = events.filter((event) => event.type === "response-end" || event.type === "error");
            expect(ends).toHaveLength(1);
            expect(events.at(-1)).toBe(ends[0] as IrEvent);
            const answer = fold(events);
            for (const value of Object.values(answer.usage?.tokens ?? {})) expect(value).toBeGreaterThan(0);
          }, DecodeError);
        }),
        { numRuns: 150 },
      );
    }
  });

  test("arbitrary JSON answers", () => {
    fc.assert(
      fc.property(fc.oneof(wireChunk, anything), (body) => {
        mayThrow(() => void decodeBody(parseJson(JSON.stringify(body))), DecodeError);
      }),
      { numRuns: 150 },
    );
  });

  test("arbitrary error bodies are read without throwing", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 400, max: 599 }),
        fc.oneof(
          fc.string(),
          anything.map((value) => JSON.stringify(value)),
        ),
        (status, text) => {
          expect(openaiChat.decodeError(status, text, new Headers()).status).toBe(status);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("arbitrary requests: decoded or refused with 400", () => {
    const fields = [
      "messages",
      "tools",
      "tool_choice",
      "response_format",
      "stop",
      "n",
      "reasoning",
      "thinking",
      "logit_bias",
    ];
    const body = fc.dictionary(fc.constantFrom(...fields), anything);
    const messages = fc.array(fc.oneof(message, anything), { maxLength: 4 });
    fc.assert(
      fc.property(body, messages, (rest, list) => {
        mayThrow(() => {
          const request = decodeRequest(
            JSON.parse(JSON.stringify({ ...SIMPLE_BODY, ...rest, messages: list })) as never,
          );
          openaiChat.encodeRequest(request, targetFacts());
        }, GatewayError);
      }),
      { numRuns: 500 },
    );
  });
});

/** An answer as events: parts one after the other, as every decoder makes them. */
const words = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const pieces = fc.array(words, { minLength: 1, maxLength: 4 });
const part = fc.oneof(
  pieces.map((texts) => ({ kind: "text" as const, texts })),
  pieces.map((texts) => ({ kind: "reasoning" as const, texts })),
  fc.record({
    kind: fc.constant("tool" as const),
    name: fc.constantFrom("f", "g"),
    value: fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3 }),
  }),
);
const finishes: Finish["kind"][] = ["stop", "length", "filter"];
const conversation = fc.record({
  parts: fc.array(part, { minLength: 1, maxLength: 5 }),
  finish: fc.constantFrom(...finishes),
});

function eventsOf(answer: {
  parts: (typeof part extends fc.Arbitrary<infer T> ? T : never)[];
  finish: Finish["kind"];
}): IrEvent[] {
  const events: IrEvent[] = [{ type: "message-start", id: "chatcmpl-1", model: "m", created: 5 }];
  for (const [index, item] of answer.parts.entries()) {
    const at = { choice: 0, part: index };
    if (item.kind === "tool") {
      events.push({ type: "tool-start", kind: "function", id: `call_${index}`, name: item.name, ...at });
      events.push({ type: "arguments-delta", text: JSON.stringify(item.value), ...at });
    } else {
      events.push({
        type: `${item.kind}-start`,
        ...(item.kind === "reasoning" ? { form: "full" } : {}),
        ...at,
      } as IrEvent);
      for (const text of item.texts) events.push({ type: `${item.kind}-delta`, text, ...at } as IrEvent);
    }
    events.push({ type: "part-end", ...at });
  }
  const hasTools = answer.parts.some((item) => item.kind === "tool");
  const kind = answer.finish === "stop" && hasTools ? "tool" : answer.finish;
  events.push({ type: "message-end", choice: 0, finish: { kind, raw: null } });
  events.push({
    type: "usage",
    final: true,
    usage: { tokens: { input: 3, output: 2 }, reasoningKnown: false, fees: {}, variant: {} },
  });
  events.push({ type: "response-end" });
  return events;
}

/** Reasoning parts are told apart by an empty line on the wire, where there is one field for all. */
const comparable = (events: IrEvent[]): unknown =>
  JSON.parse(
    JSON.stringify(essence(fold(events)), (key, value: unknown) =>
      key === "reasoning" ? String(value).replaceAll("\n", "") : value,
    ),
  );

describe("what is written can be read again", () => {
  test("as a stream", () => {
    fc.assert(
      fc.property(conversation, (answer) => {
        const events = eventsOf(answer);
        const again = decodePieces([Buffer.from(encodeStream(events, answerContext({ target: FOREIGN })))]).events;
        expect(comparable(again)).toEqual(comparable(events));
      }),
      { numRuns: 200 },
    );
  });

  test("as JSON, and both say the same", () => {
    fc.assert(
      fc.property(conversation, (answer) => {
        const events = eventsOf(answer);
        const body = openaiChat.encodeAnswer(fold(events), answerContext({ target: FOREIGN }), NO_ANNOTATION, []);
        expect(comparable(decodeBody(body))).toEqual(comparable(events));
      }),
      { numRuns: 200 },
    );
  });

  test("requests: decode after encode is the same, for conversations of this dialect", () => {
    const user = fc.record({ role: fc.constant("user"), content: words });
    const assistant = fc.record({ role: fc.constant("assistant"), content: words });
    const round = fc.tuple(words, fc.integer()).map(([text, value]) => [
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: `call_${value}`, type: "function", function: { name: "f", arguments: JSON.stringify({ text }) } },
        ],
      },
      { role: "tool", tool_call_id: `call_${value}`, content: text },
    ]);
    const messages = fc.array(
      fc.oneof(
        user.map((item) => [item]),
        assistant.map((item) => [item]),
        round,
      ),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(messages, (rounds) => {
        const request = decodeRequest({ model: "gpt-5", messages: JSON.parse(JSON.stringify(rounds.flat())) as never });
        const again = decodeRequest(openaiChat.encodeRequest(request, targetFacts()).body);
        expect(again).toEqual(request);
      }),
      { numRuns: 200 },
    );
  });

  test("a stream that is cut anywhere is never a success", () => {
    const whole = unended(
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Hello" }),
      chunk({ content: " world" }),
      chunk({}, "stop"),
    );
    const finishAt = whole.lastIndexOf("data:");
    for (let at = 0; at < finishAt; at += 1) {
      const { events } = decodePieces([Buffer.from(whole.slice(0, at))]);
      expect(events.at(-1)?.type).toBe("error");
    }
  });
});
