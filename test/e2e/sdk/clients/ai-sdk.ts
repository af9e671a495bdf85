import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, type LanguageModel, type ModelMessage, Output, streamText, tool } from "ai";
import type { Bed } from "../bed.ts";
import {
  type Ask,
  type Client,
  type Conversation,
  failureOf,
  PIXEL,
  PROMPT,
  REPORT,
  type Said,
  type ToolAnswer,
  TOOLS,
} from "./client.ts";

type Options = Parameters<typeof generateText>[0];

class AiConversation implements Conversation {
  readonly #model: (id: string) => LanguageModel;
  readonly #ask: Ask;
  readonly #messages: ModelMessage[] = [];
  readonly #providerOptions: Options["providerOptions"];

  constructor(model: (id: string) => LanguageModel, ask: Ask, providerOptions: Options["providerOptions"]) {
    this.#model = model;
    this.#ask = ask;
    this.#providerOptions = providerOptions;
    const text = { type: "text", text: ask.prompt ?? PROMPT } as const;
    const image = { type: "file", data: PIXEL, mediaType: "image/png" } as const;
    this.#messages.push({ role: "user", content: ask.image === true ? [text, image] : [text] });
  }

  async say(): Promise<Said> {
    const ask = this.#ask;
    const tools = Object.fromEntries(
      TOOLS.map(({ name, description, schema }) => [name, tool({ description, inputSchema: jsonSchema(schema) })]),
    );
    const options = {
      model: this.#model(ask.model),
      messages: this.#messages,
      maxRetries: 0,
      ...(ask.system === undefined ? {} : { instructions: ask.system }),
      ...(ask.tools === true ? { tools } : {}),
      ...(ask.schema === true ? { output: Output.object({ schema: jsonSchema(REPORT) }) } : {}),
      ...(this.#providerOptions === undefined ? {} : { providerOptions: this.#providerOptions }),
    } as Options;
    const answer = ask.stream === true ? await streamed(options) : await generateText(options);
    this.#messages.push(...answer.response.messages);
    const calls = answer.toolCalls.map(({ toolCallId, toolName, input }) => ({
      id: toolCallId,
      name: toolName,
      args: input as Record<string, unknown>,
    }));
    return {
      text: answer.text,
      reasoning: answer.reasoningText ?? "",
      tools: calls,
      finish: answer.finishReason,
      input: answer.usage.inputTokens ?? null,
      output: answer.usage.outputTokens ?? null,
      ...(ask.schema === true ? { object: answer.output } : {}),
    };
  }

  results(answers: readonly ToolAnswer[]): void {
    this.#messages.push({
      role: "tool",
      content: answers.map(({ id, name, text }) => ({
        type: "tool-result",
        toolCallId: id,
        toolName: name,
        output: { type: "text", value: text },
      })),
    });
  }

  user(text: string): void {
    this.#messages.push({ role: "user", content: text });
  }
}

/** A whole stream as what `generateText` would have given; its errors are thrown. */
async function streamed(
  options: Options,
): Promise<
  Pick<
    Awaited<ReturnType<typeof generateText>>,
    "text" | "reasoningText" | "toolCalls" | "finishReason" | "usage" | "response" | "output"
  >
> {
  let failed: unknown = null;
  const result = streamText({
    ...options,
    onError: ({ error }: { error: unknown }) => {
      failed ??= error;
    },
  } as Parameters<typeof streamText>[0]);
  try {
    await result.consumeStream();
    const [text, reasoningText, toolCalls, finishReason, usage, response] = await Promise.all([
      result.text,
      result.reasoningText,
      result.toolCalls,
      result.finishReason,
      result.usage,
      result.response,
    ]);
    if (failed !== null) throw failed;
    const output = options.output === undefined ? undefined : await result.output;
    return { text, reasoningText, toolCalls, finishReason, usage, response, output } as Awaited<
      ReturnType<typeof streamed>
    >;
  } catch (error) {
    throw failed ?? error;
  }
}

const keyOf = (bed: Bed, ask: Ask): string => ask.key ?? bed.key;

export const aiOpenaiChat: Client = {
  name: "ai openai.chat",
  prefix: "gpt-5-",
  dialect: "openai-chat",
  open: (bed, ask) =>
    new AiConversation(
      createOpenAI({ apiKey: keyOf(bed, ask), baseURL: `${bed.url}/v1` }).chat,
      ask,
      ask.reasoning === true ? { openai: { reasoningEffort: "medium" } } : undefined,
    ),
  failure: failureOf,
};
export const aiOpenaiResponses: Client = {
  name: "ai openai.responses",
  prefix: "gpt-5-",
  dialect: "openai-responses",
  open: (bed, ask) =>
    new AiConversation(
      createOpenAI({ apiKey: keyOf(bed, ask), baseURL: `${bed.url}/v1` }).responses,
      ask,
      ask.reasoning === true
        ? { openai: { store: false, reasoningEffort: "medium", reasoningSummary: "auto" } }
        : { openai: { store: false } },
    ),
  failure: failureOf,
};
export const aiAnthropic: Client = {
  name: "ai anthropic",
  prefix: "claude-sonnet-4-5-",
  dialect: "anthropic-messages",
  open: (bed, ask) =>
    new AiConversation(
      createAnthropic({ apiKey: keyOf(bed, ask), baseURL: `${bed.url}/v1` }),
      ask,
      ask.reasoning === true ? { anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } } } : undefined,
    ),
  failure: failureOf,
};
export const aiGoogle: Client = {
  name: "ai google",
  prefix: "gemini-3-",
  dialect: "gemini",
  open: (bed, ask) =>
    new AiConversation(
      createGoogleGenerativeAI({ apiKey: keyOf(bed, ask), baseURL: `${bed.url}/v1beta` }),
      ask,
      ask.reasoning === true
        ? { google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } } }
        : undefined,
    ),
  failure: failureOf,
};
