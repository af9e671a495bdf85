/** What this dialect writes, read by the official SDK's own parsers, in this process. */
import { describe, expect, test } from "bun:test";
import OpenAI, { APIError } from "openai";
import { openaiChat } from "../../../src/dialects/openai-chat/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { ANNOTATION, answerContext, encodeStream, fold, FOREIGN, SIMPLE_BODY } from "./support.ts";

const at = (part: number): { part: number; choice: number } => ({ part, choice: 0 });
const events: IrEvent[] = [
  { type: "message-start", id: "msg_1", model: "claude", created: null },
  { type: "reasoning-start", form: "full", ...at(0) },
  { type: "reasoning-delta", text: "hm", ...at(0) },
  { type: "part-end", ...at(0) },
  { type: "text-start", ...at(1) },
  { type: "text-delta", text: "I'll ", ...at(1) },
  { type: "text-delta", text: "look.", ...at(1) },
  { type: "part-end", ...at(1) },
  { type: "tool-start", kind: "function", id: "a", name: "f", ...at(2) },
  { type: "tool-start", kind: "function", id: "b", name: "g", ...at(3) },
  { type: "arguments-delta", text: '{"x":', ...at(2) },
  { type: "arguments-delta", text: '{"y":2}', ...at(3) },
  { type: "arguments-delta", text: "1}", ...at(2) },
  { type: "part-end", ...at(2) },
  { type: "part-end", ...at(3) },
  { type: "message-end", choice: 0, finish: { kind: "tool", raw: "tool_use" } },
  {
    type: "usage",
    final: true,
    usage: { tokens: { input: 5, output: 6 }, reasoningKnown: false, fees: {}, variant: {} },
  },
  { type: "response-end" },
];

function client(body: string, type: string, status = 200): OpenAI {
  const answer = (): Promise<Response> =>
    Promise.resolve(new Response(body, { status, headers: { "content-type": type } }));
  return new OpenAI({
    apiKey: "k",
    baseURL: "http://127.0.0.1:9",
    fetch: answer as unknown as typeof fetch,
    maxRetries: 0,
  });
}

const request = { model: "m", messages: [{ role: "user" as const, content: "go" }] };
const EVENT_STREAM = "text/event-stream; charset=utf-8";

describe("the openai SDK", () => {
  for (const includeUsage of [true, false]) {
    test(`gathers a stream ${includeUsage ? "with" : "without"} a usage chunk`, async () => {
      const body = {
        ...SIMPLE_BODY,
        stream: true,
        ...(includeUsage ? { stream_options: { include_usage: true } } : {}),
      };
      const text = encodeStream(events, answerContext({ body, target: FOREIGN }), ANNOTATION);
      const stream = client(text, EVENT_STREAM).chat.completions.stream(request);
      const completion = await stream.finalChatCompletion();
      expect(completion).toMatchObject({
        id: "chatcmpl-0123abc",
        usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 },
        choices: [
          {
            finish_reason: "tool_calls",
            message: {
              role: "assistant",
              content: "I'll look.",
              tool_calls: [
                { id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } },
                { id: "b", type: "function", function: { name: "g", arguments: '{"y":2}' } },
              ],
            },
          },
        ],
      });
    });
  }

  test("reads a JSON answer", async () => {
    const answer = openaiChat.encodeAnswer(fold(events), answerContext({ target: FOREIGN }), ANNOTATION, []);
    const completion = await client(JSON.stringify(answer), "application/json").chat.completions.create(request);
    expect(completion.choices[0]?.message.tool_calls).toHaveLength(2);
    expect(completion.usage?.total_tokens).toBe(11);
    expect(completion.object).toBe("chat.completion");
  });

  test("raises on an error in the middle of a stream", async () => {
    const encoder = openaiChat.createEncoder(answerContext({ target: FOREIGN }));
    const begun = events.slice(0, 6).map((event) => encoder.push(event));
    const error = new GatewayError({ status: 503, code: "provider_error", message: "died" });
    const text = begun.join("") + encoder.fail(error);
    const stream = await client(text, EVENT_STREAM).chat.completions.create({ ...request, stream: true });
    const read = async (): Promise<string> => {
      let said = "";
      for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? "";
      return said;
    };
    expect(read()).rejects.toBeInstanceOf(APIError);
  });

  test("raises its typed errors", async () => {
    const error = new GatewayError({ status: 402, code: "insufficient_credits", message: "empty" });
    const { body, status } = openaiChat.renderError(error, "req_1", { style: "default" });
    const failing = client(JSON.stringify(body), "application/json", status).chat.completions.create(request);
    const raised = await failing.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(raised).toBeInstanceOf(APIError);
    expect(raised).toMatchObject({ status: 402, code: "insufficient_credits", type: "billing_error" });
  });
});
