import { expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, jsonSchema, streamText, tool } from "ai";
import OpenAI from "openai";
import { openaiResponses } from "../../../src/dialects/openai-responses/index.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, decodeRequest, encodeStream, fold, NO_ANNOTATION, targetFacts } from "./support.ts";

/** Clients as they are sold, with a fetch that answers in their place of a gateway: what they send is decoded, what they get is encoded. */

const at = (part: number): { choice: 0; part: number } => ({ choice: 0, part });
const TARGET = targetFacts({ dialect: "anthropic-messages", provider: "anthropic", realm: "anthropic" });
const seal = {
  origin: "anthropic-messages",
  kind: "signature",
  provider: "anthropic",
  realm: "anthropic",
  model: "m",
  value: "SIG",
} as const;
const end = (kind: "stop" | "tool"): IrEvent[] => [
  {
    type: "usage",
    final: true,
    usage: { ...emptyUsage(), tokens: { input: 5, output: 4, reasoning: 2 }, reasoningKnown: true },
  },
  { type: "message-end", choice: 0, finish: { kind, raw: null } },
];
const CALLS: IrEvent[] = [
  { type: "message-start", id: null, model: null, created: null },
  { type: "reasoning-start", ...at(0), form: "full" },
  { type: "reasoning-delta", ...at(0), text: "I need the weather" },
  { type: "part-seal", ...at(0), seal },
  { type: "part-end", ...at(0) },
  { type: "tool-start", ...at(1), kind: "function", id: "toolu_1", name: "weather" },
  { type: "arguments-delta", ...at(1), text: '{"city":"Oslo"}' },
  { type: "part-end", ...at(1) },
  ...end("tool"),
];
const TEXT: IrEvent[] = [
  { type: "message-start", id: null, model: null, created: null },
  { type: "text-start", ...at(0) },
  { type: "text-delta", ...at(0), text: "It is cold" },
  { type: "part-end", ...at(0) },
  ...end("stop"),
];

/** Answers each request with the next list of events, and remembers what was asked. */
function upstream(...answers: IrEvent[][]): { fetch: typeof fetch; bodies: JsonObject[] } {
  const bodies: JsonObject[] = [];
  const answer = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const body = JSON.parse(String(init?.body)) as JsonObject;
    const events = answers[bodies.length] ?? [];
    bodies.push(body);
    const context = answerContext({
      requestId: `req_${bodies.length}`,
      body,
      request: decodeRequest(body),
      target: TARGET,
    });
    if (body["stream"] === true) {
      return new Response(encodeStream(events, context), { headers: { "content-type": "text/event-stream" } });
    }
    return Response.json(openaiResponses.encodeAnswer(fold(events), context, NO_ANNOTATION, []));
  };
  return { fetch: answer as typeof fetch, bodies };
}

const weather = tool({
  description: "The weather",
  inputSchema: jsonSchema<{ city: string }>({
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  }),
  execute: async ({ city }) => `cold in ${city}`,
});

for (const stream of [false, true]) {
  test(`AI SDK: a tool loop with reasoning, stream ${stream}`, async () => {
    const { fetch, bodies } = upstream(CALLS, TEXT);
    const model = createOpenAI({ apiKey: "k", fetch })("gpt-5");
    const options = {
      model,
      prompt: "q",
      tools: { weather },
      stopWhen: ({ steps }: { steps: unknown[] }) => steps.length >= 2,
      providerOptions: { openai: { store: false } },
    };
    const text = stream ? await streamText(options).text : (await generateText(options)).text;
    expect(text).toBe("It is cold");
    const second = decodeRequest(bodies[1] ?? {});
    expect(second.losses).toBeUndefined();
    expect(second.turns.flatMap((turn) => turn.parts)).toMatchObject([
      { type: "text", text: "q" },
      { type: "reasoning", text: "I need the weather", form: "full", seal },
      { type: "tool-call", id: "toolu_1", name: "weather", arguments: '{"city":"Oslo"}' },
      { type: "tool-result", toolId: "toolu_1", content: [{ type: "text", text: "cold in Oslo" }] },
    ]);
  });
}

test("OpenAI SDK: the output goes back as it came", async () => {
  const { fetch, bodies } = upstream(CALLS, TEXT);
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch });
  const first = await client.responses.create({ model: "m", input: "q" });
  const call = first.output.find((item) => item.type === "function_call");
  const second = await client.responses.create({
    model: "m",
    input: [
      { role: "user", content: "q" },
      ...first.output,
      { type: "function_call_output", call_id: call?.call_id ?? "", output: "cold" },
    ] as OpenAI.Responses.ResponseInput,
  });
  expect(second.output_text).toBe("It is cold");
  expect(decodeRequest(bodies[1] ?? {}).turns[1]?.parts).toMatchObject([{ type: "reasoning", seal }]);
});

test("OpenAI SDK: structured output is parsed", async () => {
  const json: IrEvent[] = TEXT.map((event) =>
    event.type === "text-delta" ? { ...event, text: '{"cold":true}' } : event,
  );
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: upstream(json).fetch });
  const format = {
    type: "json_schema" as const,
    name: "n",
    strict: true,
    schema: {
      type: "object",
      properties: { cold: { type: "boolean" } },
      required: ["cold"],
      additionalProperties: false,
    },
  };
  const response = await client.responses.parse({ model: "m", input: "q", text: { format } });
  expect(response.output_parsed).toEqual({ cold: true });
});

for (const streaming of [false, true]) {
  test(`LangChain: a call and its result, streaming ${streaming}`, async () => {
    const { fetch, bodies } = upstream(CALLS, TEXT);
    const model = new ChatOpenAI({
      model: "gpt-5",
      apiKey: "k",
      useResponsesApi: true,
      streaming,
      zdrEnabled: true,
      maxRetries: 0,
      configuration: { fetch },
    });
    const tools = [
      {
        type: "function" as const,
        function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
      },
    ];
    const first = await model.bindTools(tools).invoke([{ role: "user", content: "q" }]);
    expect(first.tool_calls).toMatchObject([{ name: "weather", args: { city: "Oslo" }, id: "toolu_1" }]);
    const second = await model
      .bindTools(tools)
      .invoke([{ role: "user", content: "q" }, first, { role: "tool", content: "cold", tool_call_id: "toolu_1" }]);
    expect(second.text).toBe("It is cold");
    expect(decodeRequest(bodies[1] ?? {}).turns.flatMap((turn) => turn.parts)).toContainEqual(
      expect.objectContaining({ type: "tool-call", id: "toolu_1" }),
    );
  });
}
