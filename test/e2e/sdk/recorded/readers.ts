/** Each dialect's official SDK as the reader of an answer, with a fetch that gives it. */
import Anthropic from "@anthropic-ai/sdk";
import { type GenerateContentResponse, GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import type { DialectId } from "../../../../src/ir/dialect-id.ts";
import { MODEL } from "./crossing.ts";

/** What an SDK understood of the first choice. Arguments are parsed where they are JSON. */
export interface Read {
  text: string;
  refusal: string;
  tools: { name: string; args: unknown }[];
  input: number;
  output: number;
}
export type Body = { json: unknown } | { stream: string };

const respond = (body: Body, status = 200): Response =>
  "json" in body
    ? Response.json(body.json, { status })
    : new Response(body.stream, { headers: { "content-type": "text/event-stream" } });
const fetchOf = (body: Body, status?: number): typeof fetch =>
  Object.assign(async () => respond(body, status), { preconnect: fetch.preconnect });

/** The arguments as a value; text that isn't JSON stays text. */
export function argumentsOf(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

async function chat(body: Body, status?: number): Promise<Read> {
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: fetchOf(body, status) });
  const params = { model: MODEL, messages: [{ role: "user" as const, content: "q" }] };
  const answer =
    "json" in body
      ? await client.chat.completions.create(params)
      : await chatStream(client.chat.completions.create({ ...params, stream: true }));
  const message = answer.choices[0]?.message;
  return {
    text: message?.content ?? "",
    refusal: message?.refusal ?? "",
    tools: (message?.tool_calls ?? []).map((call) =>
      call.type === "function"
        ? { name: call.function.name, args: argumentsOf(call.function.arguments) }
        : { name: call.custom.name, args: call.custom.input },
    ),
    input: answer.usage?.prompt_tokens ?? 0,
    output: answer.usage?.completion_tokens ?? 0,
  };
}

type Chat = Pick<OpenAI.Chat.ChatCompletion, "usage" | "choices">;

/** The chunks put together; the SDK's own helper refuses answers that were cut off, which are not what is tested here. */
async function chatStream(opening: PromiseLike<AsyncIterable<OpenAI.Chat.ChatCompletionChunk>>): Promise<Chat> {
  let content = "";
  let refusal = "";
  const calls: { name: string; args: string }[] = [];
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const chunk of await opening) {
    usage = chunk.usage ?? usage;
    const delta = chunk.choices.find((choice) => choice.index === 0)?.delta;
    content += delta?.content ?? "";
    refusal += delta?.refusal ?? "";
    for (const call of delta?.tool_calls ?? []) {
      const known = (calls[call.index] ??= { name: "", args: "" });
      const custom = (call as { custom?: { name?: string; input?: string } }).custom;
      known.name += call.function?.name ?? custom?.name ?? "";
      known.args += call.function?.arguments ?? custom?.input ?? "";
    }
  }
  const toolCalls = calls.map(({ name, args }, index) => ({
    id: String(index),
    type: "function" as const,
    function: { name, arguments: args },
  }));
  const message = { role: "assistant" as const, content, refusal, tool_calls: toolCalls };
  const choices = [{ index: 0, finish_reason: "stop" as const, logprobs: null, message }];
  return usage === undefined ? { choices } : { choices, usage };
}

async function responses(body: Body, status?: number): Promise<Read> {
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: fetchOf(body, status) });
  const params = { model: MODEL, input: "q" };
  const answer =
    "json" in body
      ? await client.responses.create(params)
      : await client.responses.stream({ ...params, stream: true }).finalResponse();
  const contents = answer.output.flatMap((item) => (item.type === "message" ? item.content : []));
  return {
    text: contents.map((part) => (part.type === "output_text" ? part.text : "")).join(""),
    refusal: contents.map((part) => (part.type === "refusal" ? part.refusal : "")).join(""),
    tools: answer.output.flatMap((item) => {
      if (item.type === "function_call") return [{ name: item.name, args: argumentsOf(item.arguments) }];
      return item.type === "custom_tool_call" ? [{ name: item.name, args: item.input }] : [];
    }),
    input: answer.usage?.input_tokens ?? 0,
    output: answer.usage?.output_tokens ?? 0,
  };
}

async function messages(body: Body, status?: number): Promise<Read> {
  const client = new Anthropic({ apiKey: "k", maxRetries: 0, fetch: fetchOf(body, status) });
  const params = { model: MODEL, max_tokens: 100, messages: [{ role: "user" as const, content: "q" }] };
  const answer =
    "json" in body ? await client.messages.create(params) : await client.messages.stream(params).finalMessage();
  const { usage } = answer;
  return {
    text: answer.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    refusal: "",
    tools: answer.content.flatMap((block) =>
      block.type === "tool_use" ? [{ name: block.name, args: block.input }] : [],
    ),
    input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    output: usage.output_tokens,
  };
}

/** The Google SDK takes no fetch: the global one is replaced while it reads. */
async function google(body: Body, status?: number): Promise<Read> {
  const original = globalThis.fetch;
  globalThis.fetch = fetchOf(body, status);
  const answers: GenerateContentResponse[] = [];
  try {
    const { models } = new GoogleGenAI({ apiKey: "k", httpOptions: { retryOptions: { attempts: 1 } } });
    const params = { model: MODEL, contents: "q" };
    if ("json" in body) answers.push(await models.generateContent(params));
    else for await (const chunk of await models.generateContentStream(params)) answers.push(chunk);
  } finally {
    globalThis.fetch = original;
  }
  const parts = answers.flatMap((answer) => answer.candidates?.[0]?.content?.parts ?? []);
  const usage = answers.at(-1)?.usageMetadata;
  return {
    text: parts.map((part) => (part.thought === true ? "" : (part.text ?? ""))).join(""),
    refusal: "",
    tools: parts.flatMap(({ functionCall }) =>
      functionCall === undefined ? [] : [{ name: functionCall.name ?? "", args: functionCall.args ?? {} }],
    ),
    input: (usage?.promptTokenCount ?? 0) + (usage?.toolUsePromptTokenCount ?? 0),
    output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
  };
}

/** Reads a body, or raises the SDK's error for a status of 400 and above. */
export const READERS: Readonly<Record<DialectId, (body: Body, status?: number) => Promise<Read>>> = {
  "openai-chat": chat,
  "openai-responses": responses,
  "anthropic-messages": messages,
  gemini: google,
};
