/** Reasoning state on its way through a chat client and back: kept whole, bound to its minter, never trusted unread. */
import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import { splitEnvelope } from "../../../src/dialects/shared/envelope.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import type { GenerateRequest, Part } from "../../../src/ir/request.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import { createSealBox } from "../../../src/ir/seal-box.ts";
import { isObject, type JsonObject, type JsonValue } from "../../../src/lib/json.ts";
import {
  answerContext,
  chunksOf,
  conversation,
  encodeStream,
  fold,
  FOREIGN,
  NO_ANNOTATION,
  targetFacts,
} from "./support.ts";

const CLAUDE: Seal = {
  origin: "anthropic-messages",
  kind: "signature",
  provider: "anthropic",
  realm: "anthropic",
  model: "claude",
  value: "sig+/=",
};
const GEMINI: Seal = {
  ...CLAUDE,
  origin: "gemini",
  kind: "thought-signature",
  provider: "google",
  realm: "google",
  value: "thought",
};
const at = (part: number): { part: number; choice: number } => ({ part, choice: 0 });
const START: IrEvent = { type: "message-start", id: null, model: null, created: null };
const END: IrEvent = { type: "message-end", choice: 0, finish: { kind: "tool", raw: "tool_use" } };

const thinking: IrEvent[] = [
  START,
  { type: "reasoning-start", form: "full", ...at(0) },
  { type: "reasoning-delta", text: "Let me think.", ...at(0) },
  { type: "part-seal", seal: CLAUDE, ...at(0) },
  { type: "part-end", ...at(0) },
];
const twoCalls: IrEvent[] = [1, 2].flatMap((part): IrEvent[] => [
  { type: "tool-start", kind: "function", id: `toolu_${part}`, name: "f", ...at(part) },
  { type: "arguments-delta", text: "{}", ...at(part) },
  { type: "part-end", ...at(part) },
]);

const claudeContext = answerContext({ target: FOREIGN });
const geminiContext = answerContext({
  target: targetFacts({}, { dialect: "gemini", provider: "google", realm: "google" }),
});
const message = (events: IrEvent[], context = claudeContext): JsonObject => {
  const answer = openaiChat.encodeAnswer(fold(events), context, NO_ANNOTATION, []);
  const [choice] = (Array.isArray(answer["choices"]) ? answer["choices"] : []).filter(isObject);
  return isObject(choice?.["message"]) ? choice["message"] : {};
};
const callsOf = (said: JsonObject): JsonObject[] =>
  (Array.isArray(said["tool_calls"]) ? said["tool_calls"] : []).filter(isObject);
const idsOf = (said: JsonObject): string[] => callsOf(said).map((call) => String(call["id"]));
const results = (said: JsonObject): JsonValue[] =>
  idsOf(said).map((id) => ({ role: "tool", tool_call_id: id, content: "ok" }));
const user = { role: "user", content: "go" };
const back = (said: JsonObject): GenerateRequest => conversation(user, said, ...results(said));
const partsOf = (request: GenerateRequest): Part[] => request.turns[1]?.parts ?? [];

describe("a client that echoes the whole message", () => {
  test("reasoning comes back with its text and its seal, once", () => {
    const said = message([...thinking, ...twoCalls, END]);
    expect(said["reasoning_content"]).toBe("Let me think.");
    expect(said["reasoning_details"]).toMatchObject([
      { type: "reasoning.encrypted", format: "tollgate-seal-v1", id: "seal_0_0" },
    ]);
    const request = back(said);
    expect(request.losses).toBeUndefined();
    expect(partsOf(request)).toMatchObject([
      { type: "reasoning", form: "full", text: "Let me think.", seal: CLAUDE },
      { type: "tool-call", id: "toolu_1" },
      { type: "tool-call", id: "toolu_2" },
    ]);
    expect(partsOf(request)).toHaveLength(3);
    expect(request.turns.slice(2).flatMap((turn) => turn.parts)).toMatchObject([
      { toolId: "toolu_1" },
      { toolId: "toolu_2" },
    ]);
  });

  test("the stream says the same as the JSON answer", () => {
    const events = [...thinking, ...twoCalls, END];
    const streamed = chunksOf(encodeStream(events, claudeContext)).flatMap((chunk) => chunk["choices"]);
    const text = JSON.stringify(streamed);
    const said = message(events);
    for (const id of idsOf(said)) expect(text).toContain(JSON.stringify(id));
    expect(text).toContain(JSON.stringify(said["reasoning_details"]).slice(1, -1));
  });
});

describe("a client that echoes nothing but ids (LangChain)", () => {
  test("the first call's id brings the reasoning back", () => {
    const { tool_calls } = message([...thinking, ...twoCalls, END]);
    const said: JsonObject = { role: "assistant", content: "", ...(tool_calls === undefined ? {} : { tool_calls }) };
    const [first, second] = idsOf(said);
    expect(first).toMatch(/^toolu_1tgs1_[A-Za-z0-9_-]+$/);
    expect(second).toBe("toolu_2");
    expect(partsOf(back(said))).toMatchObject([
      { type: "reasoning", form: "full", text: "Let me think.", seal: CLAUDE },
      { type: "tool-call", id: "toolu_1" },
      { type: "tool-call", id: "toolu_2" },
    ]);
  });

  test("each call brings its own seal (Gemini)", () => {
    const events: IrEvent[] = [
      START,
      ...[0, 1].flatMap((part): IrEvent[] => [
        { type: "tool-start", kind: "function", id: `fc_${part}`, name: "f", ...at(part) },
        { type: "arguments-delta", text: "{}", ...at(part) },
        ...(part === 0 ? [{ type: "part-seal", seal: GEMINI, ...at(part) } as const] : []),
        { type: "part-end", ...at(part) },
      ]),
      END,
    ];
    const said = message(events, geminiContext);
    expect(partsOf(back(said))).toMatchObject([
      { type: "tool-call", id: "fc_0", seal: GEMINI },
      { type: "tool-call", id: "fc_1" },
    ]);
    expect(partsOf(back(said))[1]?.seal).toBeUndefined();
    const streamed = chunksOf(encodeStream(events, geminiContext)).flatMap((chunk) => chunk["choices"]);
    expect(JSON.stringify(streamed)).toContain(idsOf(said)[0] ?? "?");
  });

  test("a seal of a chat provider comes before the arguments, which are streamed as they come", () => {
    const own: Seal = {
      ...CLAUDE,
      origin: "openai-chat",
      kind: "thought-signature",
      realm: "google",
      value: '{"google":{}}',
    };
    const events: IrEvent[] = [
      START,
      { type: "tool-start", kind: "function", id: "c", name: "f", ...at(0) },
      { type: "part-seal", seal: own, ...at(0) },
      { type: "arguments-delta", text: '{"a"', ...at(0) },
      { type: "arguments-delta", text: ":1}", ...at(0) },
      { type: "part-end", ...at(0) },
      END,
    ];
    const encoder = openaiChat.createEncoder(answerContext());
    const written = events.map((event) => encoder.push(event));
    expect(written[1]).toBe("");
    expect(written[3]).toContain("ctgs1_");
    expect(written[3]).toContain('"arguments":"{\\"a\\""');
    expect(written[4]).toContain('"arguments":":1}"');
  });
});

describe("text with a seal (Gemini)", () => {
  const sealed = (value: string): IrEvent[] => [
    START,
    { type: "text-start", ...at(0) },
    { type: "text-delta", text: value, ...at(0) },
    { type: "part-seal", seal: GEMINI, ...at(0) },
    { type: "part-end", ...at(0) },
    { type: "message-end", choice: 0, finish: { kind: "stop", raw: "STOP" } },
  ];

  test("comes back on its text", () => {
    const said = message(sealed("Hi"), geminiContext);
    const request = conversation(user, said, user);
    expect(partsOf(request)).toMatchObject([{ type: "text", text: "Hi", seal: GEMINI }]);
  });

  test("an empty text that only carries the seal", () => {
    const said = message(sealed(""), geminiContext);
    const request = conversation(user, { ...said, content: "" }, user);
    expect(partsOf(request).at(-1)).toMatchObject({ type: "text", text: "", seal: GEMINI });
  });
});

describe("envelopes that can't be trusted", () => {
  const said = message([...thinking, ...twoCalls, END]);
  const forge = (change: (id: string) => string): JsonObject => {
    const { reasoning_details: _details, reasoning_content: _content, ...rest } = said;
    const calls = callsOf(said).map((call, index) =>
      index === 0 ? { ...call, id: change(String(call["id"])) } : call,
    );
    return { ...rest, tool_calls: calls };
  };

  for (const [name, change] of [
    ["truncated", (id: string): string => id.slice(0, -8)],
    ["altered", (id: string): string => `${id.slice(0, -3)}AAA`],
    ["cut to its prefix", (id: string): string => `${splitEnvelope(id).id}tgs1_`],
  ] as const) {
    test(`${name}: dropped and reported, the id falls back`, () => {
      const forged = forge(change);
      const request = back(forged);
      expect(partsOf(request)).toMatchObject([
        { type: "tool-call", id: "toolu_1" },
        { type: "tool-call", id: "toolu_2" },
      ]);
      expect(request.losses).toMatchObject([{ field: "messages[1].tool_calls[0].id", side: "request" }]);
      expect(JSON.stringify(request.turns)).not.toContain("tgs1_");
    });
  }

  test("another account's envelope is a forged one", () => {
    const box = createSealBox(new Uint8Array(32).fill(7), "acct_other");
    const stolen = forge(() => `toolu_1${box.wrap({ seals: [{ seal: CLAUDE, attach: "self", text: "x" }] })}`);
    expect(back(stolen).losses).toHaveLength(1);
    expect(partsOf(back(stolen)).some((part) => part.type === "reasoning")).toBe(false);
  });

  test("forged details leave the text that the client echoed", () => {
    const details = [{ type: "reasoning.encrypted", format: "tollgate-seal-v1", data: "tgs1_AAAA" }];
    const request = conversation(user, {
      role: "assistant",
      content: "a",
      reasoning_content: "hm",
      reasoning_details: details,
    });
    expect(partsOf(request)).toMatchObject([
      { type: "reasoning", text: "hm" },
      { type: "text", text: "a" },
    ]);
    expect(partsOf(request)[0]?.seal).toBeUndefined();
    expect(request.losses).toMatchObject([{ field: "messages[1].reasoning_details[0].data" }]);
  });
});

describe("toward the next provider", () => {
  const request = back(message([...thinking, ...twoCalls, END]));

  test("no envelope reaches a provider, and no seal one that did not mint it", () => {
    const encoded = openaiChat.encodeRequest(request, targetFacts());
    const body = JSON.stringify(encoded.body);
    expect(body).not.toContain("tgs1_");
    expect(body).not.toContain("sig+/=");
    expect(body).not.toContain("Let me think.");
    expect(encoded.losses).toMatchObject([{ field: "messages[1]", side: "request" }]);
  });

  test("details of a relayed answer go on to a provider of this dialect as they came", () => {
    const details = [
      { type: "reasoning.text", text: "hm", format: "x", index: 0, signature: "s" },
      { type: "reasoning.encrypted", data: "zzz", format: "x", index: 1 },
    ];
    const extra = { google: { thought_signature: "t" } };
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" }, extra_content: extra };
    const said = { role: "assistant", content: null, reasoning_details: details, tool_calls: [call] };
    const relayed = conversation(user, said, { role: "tool", tool_call_id: "c", content: "ok" });
    const { body, losses } = openaiChat.encodeRequest(relayed, targetFacts());
    expect(losses).toEqual([]);
    expect(body["messages"]).toMatchObject([user, { reasoning_details: details, tool_calls: [call] }, {}]);
  });

  test("equal conversations give equal bytes", () => {
    const once = JSON.stringify(message([...thinking, ...twoCalls, END]));
    expect(JSON.stringify(message([...thinking, ...twoCalls, END]))).toBe(once);
  });
});
