import { describe, expect, test } from "bun:test";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { ApiError, GoogleGenAI } from "@google/genai";
import { streamText } from "ai";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import { GatewayError } from "../../../src/ir/error.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { fold } from "./support.ts";
import { annotation, answerContext, encodeStream, foreign } from "./support.ts";

const at = { choice: 0, part: 0 };
const usage = { tokens: { input: 11, output: 5, reasoning: 3 }, reasoningKnown: true, fees: {}, variant: {} };
const textEvents: IrEvent[] = [
  { type: "message-start", id: "msg_1", model: "m", created: 1 },
  { type: "reasoning-start", form: "full", ...at },
  { type: "reasoning-delta", text: "hm", ...at },
  {
    type: "part-seal",
    seal: {
      origin: "anthropic-messages",
      kind: "signature",
      provider: "a",
      realm: "anthropic",
      model: "m",
      value: "SIG",
    },
    ...at,
  },
  { type: "part-end", ...at },
  { type: "text-start", choice: 0, part: 1 },
  { type: "text-delta", text: "Hel", choice: 0, part: 1 },
  { type: "text-delta", text: "lo", choice: 0, part: 1 },
  { type: "part-end", choice: 0, part: 1 },
];
const toolEvents: IrEvent[] = [
  { type: "tool-start", kind: "function", id: "toolu_1", name: "weather", choice: 0, part: 2 },
  { type: "arguments-delta", text: '{"city":', choice: 0, part: 2 },
  { type: "arguments-delta", text: '"Paris"}', choice: 0, part: 2 },
  { type: "part-end", choice: 0, part: 2 },
];
const ending = (kind: "stop" | "tool"): IrEvent[] => [
  { type: "usage", usage, final: true },
  { type: "message-end", choice: 0, finish: { kind, raw: kind } },
  { type: "response-end" },
];
const context = answerContext(foreign);
const withTool = [...textEvents, ...toolEvents, ...ending("tool")];

/** Runs `run` with every fetch answered by `reply`. */
async function withFetch<T>(reply: () => Response, run: () => Promise<T>): Promise<T> {
  const original = globalThis.fetch;
  globalThis.fetch = Object.assign(async () => reply(), { preconnect: original.preconnect });
  try {
    return await run();
  } finally {
    globalThis.fetch = original;
  }
}

const client = () => new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: "http://127.0.0.1:1" } });
const streamReply = (text: string) => () => new Response(text, { headers: { "content-type": "text/event-stream" } });

describe("@google/genai", () => {
  test("reads our stream, keep-alives included: text, thoughts, calls, usage, finish", async () => {
    const stream = `\n\n${encodeStream(withTool, context).replace("data: ", "\n\ndata: ")}`;
    await withFetch(streamReply(stream), async () => {
      let text = "";
      let last;
      const calls = [];
      for await (const chunk of await client().models.generateContentStream({ model: "m", contents: "hi" })) {
        text += (chunk.candidates?.[0]?.content?.parts ?? [])
          .map((part) => (part.thought === true ? "" : (part.text ?? "")))
          .join("");
        calls.push(...(chunk.functionCalls ?? []));
        expect(chunk.responseId).toBe("msg_1");
        last = chunk;
      }
      expect(text).toBe("Hello");
      expect(calls).toEqual([{ id: "toolu_1", name: "weather", args: { city: "Paris" } }]);
      expect(String(last?.candidates?.[0]?.finishReason)).toBe("STOP");
      expect(last?.usageMetadata).toMatchObject({
        promptTokenCount: 11,
        candidatesTokenCount: 5,
        thoughtsTokenCount: 3,
        totalTokenCount: 19,
      });
    });
  });

  test("a chat keeps our streamed answer in its history", async () => {
    await withFetch(streamReply(encodeStream([...textEvents, ...ending("stop")], context)), async () => {
      const chat = client().chats.create({ model: "m" });
      for await (const chunk of await chat.sendMessageStream({ message: "hi" })) expect(chunk).toBeDefined();
      expect(chat.getHistory(true).length).toBeGreaterThan(1);
    });
  });

  test("reads our JSON answer", async () => {
    const body = gemini.encodeAnswer(fold(withTool), context, annotation(usage), []);
    await withFetch(
      () => Response.json(body),
      async () => {
        const answer = await client().models.generateContent({ model: "m", contents: "hi" });
        expect(answer.functionCalls).toEqual([{ id: "toolu_1", name: "weather", args: { city: "Paris" } }]);
        expect(answer.usageMetadata?.totalTokenCount).toBe(19);
      },
    );
  });

  test("raises our errors as its own, before and inside a stream", async () => {
    const error = new GatewayError({ status: 429, code: "rate_limited", message: "slow down", retryAfterSeconds: 3 });
    const rendered = gemini.renderError(error, "req_1", { style: "default" });
    await withFetch(
      () => Response.json(rendered.body, { status: rendered.status, headers: rendered.headers }),
      async () => {
        const failed = await client()
          .models.generateContent({ model: "m", contents: "hi" })
          .catch((thrown: unknown) => thrown);
        expect(failed instanceof ApiError && failed.status).toBe(429);
      },
    );
    const encoder = gemini.createEncoder(context);
    const sent = textEvents.map((event) => encoder.push(event)).join("") + encoder.fail(error);
    await withFetch(streamReply(sent), async () => {
      const read = async (): Promise<void> => {
        for await (const chunk of await client().models.generateContentStream({ model: "m", contents: "hi" }))
          expect(chunk).toBeDefined();
      };
      const failed = await read().catch((thrown: unknown) => thrown);
      expect(failed instanceof ApiError && failed.status).toBe(429);
    });
  });
});

describe("@ai-sdk/google", () => {
  test("reads our stream and wants the tool run", async () => {
    await withFetch(streamReply(encodeStream(withTool, context)), async () => {
      const google = createGoogleGenerativeAI({ apiKey: "k", baseURL: "http://127.0.0.1:1/v1beta" });
      const result = streamText({ model: google("gemini-2.5-flash"), prompt: "hi" });
      expect(await result.text).toBe("Hello");
      expect(await result.reasoningText).toBe("hm");
      expect(await result.finishReason).toBe("tool-calls");
      expect((await result.toolCalls).map((call) => call.toolName)).toEqual(["weather"]);
      expect(await result.usage).toMatchObject({ inputTokens: 11, outputTokens: 8 });
    });
  });
});
