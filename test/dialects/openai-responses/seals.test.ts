import { describe, expect, test } from "bun:test";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { GenerateRequest, Part } from "../../../src/ir/request.ts";
import { createSealBox } from "../../../src/ir/seal-box.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, decodeRequest, encodeStream, framesOf, NO_ANNOTATION, SEALS, targetFacts } from "./support.ts";

const at = (part: number): { choice: 0; part: number } => ({ choice: 0, part });
const START: IrEvent = { type: "message-start", id: null, model: null, created: null };
const seal = (kind: Seal["kind"], origin: Seal["origin"], realm: string, value: string): Seal => ({
  origin,
  kind,
  provider: realm,
  realm,
  model: "m",
  value,
});
const CLAUDE = seal("signature", "anthropic-messages", "anthropic", "SIG");
const REDACTED = seal("redacted", "anthropic-messages", "anthropic", "HIDDEN");
const GOOGLE = seal("thought-signature", "gemini", "google", "THOUGHT");

function outputOf(events: IrEvent[], dialect: "anthropic-messages" | "gemini" | "openai-responses"): JsonObject[] {
  const context = answerContext({ target: targetFacts({ dialect }) });
  const frames = framesOf(encodeStream([START, ...events], context));
  return ((frames.at(-1) as JsonObject)["response"] as JsonObject)["output"] as JsonObject[];
}

/** The next request of a client that sends the output back, with results for its calls. */
function nextRequest(output: JsonObject[], seals = SEALS): GenerateRequest {
  const results = output
    .filter((item) => item["type"] === "function_call")
    .map((item) => ({ type: "function_call_output", call_id: item["call_id"], output: "done" }));
  const body = { model: "m", input: [{ role: "user", content: "q" }, ...output, ...results] } as JsonObject;
  return openaiResponses.decodeRequest(body, { route: answerContext().route, seals });
}
const assistantParts = (request: GenerateRequest): Part[] =>
  request.turns.filter((turn) => turn.role === "assistant").flatMap((turn) => turn.parts);

const THINK: IrEvent[] = [
  { type: "reasoning-start", ...at(0), form: "full" },
  { type: "reasoning-delta", ...at(0), text: "first, look" },
  { type: "part-seal", ...at(0), seal: CLAUDE },
  { type: "part-end", ...at(0) },
];
const sealedCall = (part: number, id: string): IrEvent[] => [
  { type: "tool-start", ...at(part), kind: "function", id, name: "look" },
  { type: "arguments-delta", ...at(part), text: "{}" },
  { type: "part-seal", ...at(part), seal: GOOGLE },
  { type: "part-end", ...at(part) },
];

describe("out and back", () => {
  test("signed thinking comes back with its text and signature", () => {
    const parts = assistantParts(nextRequest(outputOf(THINK, "anthropic-messages")));
    expect(parts).toMatchObject([{ type: "reasoning", form: "full", text: "first, look", seal: CLAUDE }]);
  });

  test("redacted thinking comes back as that", () => {
    const events: IrEvent[] = [
      { type: "reasoning-start", ...at(0), form: "redacted" },
      { type: "part-seal", ...at(0), seal: REDACTED },
      { type: "part-end", ...at(0) },
    ];
    expect(assistantParts(nextRequest(outputOf(events, "anthropic-messages")))).toMatchObject([
      { type: "reasoning", form: "redacted", text: "", seal: REDACTED },
    ]);
  });

  test("a sealed call carries its seal in its id; the result names the bare id", () => {
    const output = outputOf(sealedCall(0, "call_1"), "gemini");
    expect(String(output[0]?.["call_id"])).toStartWith("call_1tgs1_");
    const request = nextRequest(output);
    expect(assistantParts(request)).toMatchObject([{ type: "tool-call", id: "call_1", seal: GOOGLE }]);
    expect(request.turns.at(-1)?.parts).toMatchObject([{ type: "tool-result", toolId: "call_1", name: "look" }]);
  });

  test("a seal that comes too late for the id goes behind the call", () => {
    const output = outputOf(sealedCall(0, "call_1"), "anthropic-messages");
    expect(output).toMatchObject([
      { type: "function_call", call_id: "call_1" },
      { type: "reasoning", summary: [] },
    ]);
    expect(assistantParts(nextRequest(output))).toMatchObject([{ type: "tool-call", id: "call_1", seal: GOOGLE }]);
  });

  test("a sealed text keeps its seal through the item behind it", () => {
    const events: IrEvent[] = [
      { type: "text-start", ...at(0) },
      { type: "text-delta", ...at(0), text: "Hi" },
      { type: "part-seal", ...at(0), seal: GOOGLE },
      { type: "part-end", ...at(0) },
    ];
    const output = outputOf(events, "gemini");
    expect(output.map((item) => item["type"])).toEqual(["message", "reasoning"]);
    expect(assistantParts(nextRequest(output))).toMatchObject([{ type: "text", text: "Hi", seal: GOOGLE }]);
  });

  test("an own seal goes out bare and comes back bare, to its realm only", () => {
    const own = seal("encrypted", "openai-responses", "openai", "gAAA");
    const events: IrEvent[] = [
      { type: "reasoning-start", ...at(0), form: "summary", itemId: "rs_1" },
      { type: "part-seal", ...at(0), seal: own },
      { type: "part-end", ...at(0) },
    ];
    const output = outputOf(events, "openai-responses");
    expect(output).toMatchObject([{ id: "rs_1", encrypted_content: "gAAA" }]);
    const request = nextRequest(output);
    const minter = openaiResponses.encodeRequest(request, targetFacts());
    expect(minter.body["input"]).toContainEqual({
      type: "reasoning",
      id: "rs_1",
      summary: [],
      encrypted_content: "gAAA",
    });
    expect(minter.body["include"]).toEqual(["reasoning.encrypted_content"]);
    const other = openaiResponses.encodeRequest(request, targetFacts({ realm: "xai" }));
    expect(JSON.stringify(other.body)).not.toContain("gAAA");
    expect(other.losses).toMatchObject([{ field: "input[1]" }]);
  });

  test("the same answer makes the same envelope", () => {
    expect(outputOf(THINK, "anthropic-messages")).toEqual(outputOf(THINK, "anthropic-messages"));
  });
});

describe("envelopes that are not ours", () => {
  const sealed = outputOf(THINK, "anthropic-messages");
  const call = outputOf(sealedCall(0, "call_1"), "gemini");

  test("of another account: dropped and reported, the text stays", () => {
    const request = nextRequest(sealed, createSealBox(new Uint8Array(32).fill(7), "acct_other"));
    expect(assistantParts(request)).toMatchObject([{ type: "reasoning", text: "first, look" }]);
    expect(assistantParts(request)[0]?.seal).toBeUndefined();
    expect(request.losses).toMatchObject([{ field: "input[1].encrypted_content", side: "request" }]);
  });

  test("truncated in a call id: the bare id is left, nothing is forwarded", () => {
    const [item] = call;
    const cut = { ...item, call_id: String(item?.["call_id"]).slice(0, -9) };
    const request = nextRequest([cut]);
    expect(assistantParts(request)).toMatchObject([{ id: "call_1" }]);
    expect(request.turns.at(-1)?.parts).toMatchObject([{ toolId: "call_1" }]);
    expect(request.losses).toMatchObject([{ field: "input[1].call_id" }]);
    expect(JSON.stringify(openaiResponses.encodeRequest(request, targetFacts()).body)).not.toContain("tgs1_");
  });

  test("opened ones never reach another provider either", () => {
    const request = nextRequest([...sealed, ...call]);
    const encoded = openaiResponses.encodeRequest(request, targetFacts());
    const text = JSON.stringify(encoded.body);
    for (const secret of ["tgs1_", "SIG", "THOUGHT"]) expect(text).not.toContain(secret);
    expect(encoded.losses.map((loss) => loss.field)).toEqual(["input[1]", "input[2]"]);
  });
});

test("a JSON answer carries the same seals as the stream", () => {
  const context = answerContext({ target: targetFacts({ dialect: "anthropic-messages" }) });
  const answer = {
    ...emptyAnswer(),
    choices: [
      {
        index: 0,
        finish: null,
        parts: [
          {
            type: "reasoning" as const,
            form: "full" as const,
            text: "first, look",
            sections: ["first, look"],
            seals: [CLAUDE],
          },
        ],
      },
    ],
  };
  const body = openaiResponses.encodeAnswer(answer, context, NO_ANNOTATION, []);
  expect((body["output"] as JsonObject[])[0]?.["encrypted_content"]).toBe(
    outputOf(THINK, "anthropic-messages")[0]?.["encrypted_content"] as string,
  );
  expect(decodeRequest({ input: [{ role: "user", content: "q" }] }).losses).toBeUndefined();
});

function emptyAnswer(): Parameters<typeof openaiResponses.encodeAnswer>[0] {
  return {
    id: null,
    model: null,
    created: null,
    choices: [],
    usage: null,
    promptFeedback: null,
    losses: [],
    native: null,
    ended: true,
    error: null,
  };
}
