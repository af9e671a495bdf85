/** Properties: nothing that arrives makes the decoders throw anything but their one error, and what is said survives a round trip. */
import { expect, test } from "bun:test";
import * as fc from "../../support/property.ts";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import { DecodeError, GatewayError } from "../../../src/ir/error.ts";
import type { GenerateRequest, Part, Turn } from "../../../src/ir/request.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { decode, decodeJson, decodeStream, REQUEST, scan, ROUTE, TARGET, withoutPaths } from "./support.ts";

/** Runs and gives true; an error of the expected class is as good. */
function holds(run: () => unknown, expected: typeof DecodeError | typeof GatewayError): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (error instanceof expected) return true;
    throw error;
  }
}

test("arbitrary bytes into the stream decoder", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (pieces) => holds(() => decodeStream(pieces), DecodeError)),
    { seed: 1, numRuns: 300 },
  );
});

const word = fc.constantFrom(
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
  "ping",
  "error",
  "x",
);
const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double());
const blockType = fc.constantFrom(
  "text",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "server_tool_use",
  "web_search_tool_result",
  "compaction",
  "text_delta",
  "input_json_delta",
  "signature_delta",
  "citations_delta",
  "thinking_delta",
);
const block = fc.record(
  {
    type: blockType,
    text: leaf,
    thinking: leaf,
    signature: leaf,
    data: leaf,
    id: leaf,
    name: leaf,
    input: fc.jsonValue(),
    partial_json: leaf,
    citation: fc.jsonValue(),
    content: fc.jsonValue(),
  },
  { requiredKeys: ["type"] },
);
const frame = fc.record(
  {
    type: word,
    index: fc.oneof(fc.integer({ min: -1, max: 3 }), leaf),
    message: fc.oneof(
      leaf,
      fc.record({ content: fc.oneof(leaf, fc.array(block)), usage: fc.jsonValue(), stop_reason: leaf }),
    ),
    content_block: fc.oneof(leaf, block),
    delta: fc.oneof(leaf, block, fc.record({ stop_reason: leaf })),
    usage: fc.oneof(
      leaf,
      fc.dictionary(fc.constantFrom("input_tokens", "output_tokens", "iterations", "cache_creation"), fc.jsonValue()),
    ),
  },
  { requiredKeys: ["type"] },
);

test("arbitrary frames of nearly the right shape", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), (frames) => {
      const text = frames.map((item) => `event: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`).join("");
      return holds(() => decodeStream([new TextEncoder().encode(text)]), DecodeError);
    }),
    { seed: 2, numRuns: 500 },
  );
});

test("arbitrary JSON as an answer, as an error body, as a request", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(block), (value, content) => {
      const body = value as JsonValue;
      const request = {
        model: "m",
        max_tokens: 5,
        messages: [{ role: "user", content }],
        tools: [body],
      } as unknown as JsonObject;
      anthropicMessages.decodeError(500, JSON.stringify(body), new Headers());
      return (
        holds(() => decodeJson(body), DecodeError) &&
        holds(
          () => decodeJson({ content: content as unknown as JsonValue, usage: body, stop_reason: "end_turn" }),
          DecodeError,
        ) &&
        holds(() => decode({ model: "m", max_tokens: 5, messages: body }), GatewayError) &&
        holds(() => decode(request), GatewayError) &&
        holds(() => anthropicMessages.hints(scan(request), ROUTE), GatewayError)
      );
    }),
    { seed: 3, numRuns: 500 },
  );
});

const say = fc.string({ minLength: 1 }).map((value) => `.${value}.`);
const plainPart = say.map((text): Part => ({ type: "text", text, path: "" }));
const imagePart = fc
  .webUrl()
  .map((url): Part => ({ type: "media", kind: "image", source: { kind: "url", url }, path: "" }));
const callPart = fc.tuple(fc.nat({ max: 99 }), fc.dictionary(fc.string(), fc.integer())).map(([id, args]): Part => ({
  type: "tool-call",
  kind: "function",
  id: `t_${id}`,
  name: "f",
  arguments: JSON.stringify(args),
  path: "",
}));
const conversation = fc.array(
  fc.tuple(
    fc.array(fc.oneof(plainPart, imagePart), { minLength: 1 }),
    fc.array(fc.oneof(plainPart, callPart), { minLength: 1 }),
  ),
  {
    minLength: 1,
    maxLength: 4,
  },
);

/** Turns that alternate, end with the user, and in which every call is answered and has an id of its own. */
function turnsOf(rounds: [Part[], Part[]][]): Turn[] {
  let calls = 0;
  let answers: Part[] = [];
  const turns: Turn[] = [];
  for (const [asked, told] of rounds) {
    const parts = told.map((part): Part =>
      part.type === "tool-call" ? { ...part, id: `${part.id}_${(calls += 1)}` } : part,
    );
    turns.push({ role: "user", parts: [...answers, ...asked], path: "" }, { role: "assistant", parts, path: "" });
    answers = parts.flatMap((part): Part[] =>
      part.type === "tool-call"
        ? [
            {
              type: "tool-result",
              kind: "function",
              toolId: part.id,
              name: part.name,
              content: [{ type: "text", text: "ok", path: "" }],
              isError: false,
              path: "",
            },
          ]
        : [],
    );
  }
  turns.push({ role: "user", parts: [...answers, { type: "text", text: "end", path: "" }], path: "" });
  return turns;
}

test("decode(encode(x)) = x, and a shorter conversation is a prefix of a longer one", () => {
  fc.assert(
    fc.property(conversation, fc.option(say), (rounds, system) => {
      const turns = turnsOf(rounds);
      const request: GenerateRequest = {
        ...REQUEST,
        model: TARGET.upstreamModel,
        system: system === null ? [] : [{ type: "text", text: system, path: "" }],
        turns,
      };
      const encoded = anthropicMessages.encodeRequest(request, TARGET);
      const back = decode(JSON.parse(JSON.stringify(encoded.body)) as JsonObject);
      expect(encoded.losses).toEqual([]);
      expect(withoutPaths(back)).toEqual(withoutPaths(request));
      const whole = JSON.stringify(encoded.body.messages);
      const half = anthropicMessages.encodeRequest(
        { ...request, turns: turns.slice(0, 2 * Math.floor(turns.length / 4) + 1) },
        TARGET,
      );
      expect(whole).toStartWith(JSON.stringify(half.body.messages).slice(0, -1));
    }),
    { seed: 4, numRuns: 200 },
  );
});
