import { ChatAnthropic } from "@langchain/anthropic";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { ChatGoogleGenerativeAI } from "@langchain/google-genai";
import { ChatOpenAI } from "@langchain/openai";
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

class LangChainConversation implements Conversation {
  readonly #model: () => BaseChatModel;
  readonly #ask: Ask;
  readonly #messages: BaseMessage[] = [];

  constructor(model: () => BaseChatModel, ask: Ask) {
    this.#model = model;
    this.#ask = ask;
    if (ask.system !== undefined) this.#messages.push(new SystemMessage(ask.system));
    const text = ask.prompt ?? PROMPT;
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
    this.#messages.push(new HumanMessage({ content: ask.image === true ? [{ type: "text", text }, image] : text }));
  }

  async say(): Promise<Said> {
    const ask = this.#ask;
    const model = this.#model();
    if (ask.schema === true) {
      const runnable = model.withStructuredOutput(REPORT as unknown as Record<string, unknown>, {
        name: "report",
        includeRaw: true,
      });
      const { raw, parsed } = await runnable.invoke(this.#messages);
      return { ...read(raw as AIMessage), object: parsed };
    }
    const bound =
      ask.tools === true
        ? (model.bindTools?.(
            TOOLS.map(({ name, description, schema }) => ({ name, description, schema: { ...schema } })) as never,
          ) ?? model)
        : model;
    if (ask.stream !== true) {
      const message = (await bound.invoke(this.#messages)) as AIMessage;
      this.#messages.push(message);
      return read(message);
    }
    let whole: AIMessageChunk | null = null;
    for await (const chunk of await bound.stream(this.#messages)) {
      whole = whole === null ? (chunk as AIMessageChunk) : whole.concat(chunk as AIMessageChunk);
    }
    if (whole === null) throw new Error("an empty stream");
    this.#messages.push(whole);
    return read(whole);
  }

  results(answers: readonly ToolAnswer[]): void {
    for (const { id, name, text } of answers)
      this.#messages.push(new ToolMessage({ tool_call_id: id, name, content: text }));
  }

  user(text: string): void {
    this.#messages.push(new HumanMessage(text));
  }
}

function read(message: AIMessage | AIMessageChunk): Said {
  const { response_metadata: meta, usage_metadata: usage, additional_kwargs: more } = message;
  return {
    text: message.text,
    reasoning: message.contentBlocks
      .map((block) => (block.type === "reasoning" ? String(block["reasoning"]) : ""))
      .join(""),
    tools: (message.tool_calls ?? []).map(({ id, name, args }) => ({ id: id ?? "", name, args })),
    finish: String(
      meta["finish_reason"] ??
        meta["stop_reason"] ??
        meta["finishReason"] ??
        meta["status"] ??
        more["stop_reason"] ??
        "",
    ),
    input: usage?.input_tokens ?? null,
    output: usage?.output_tokens ?? null,
  };
}

const keyOf = (bed: { key: string }, ask: Ask): string => ask.key ?? bed.key;

export const langchainChat: Client = {
  name: "langchain openai",
  prefix: "gpt-5-",
  dialect: "openai-chat",
  open: (bed, ask) =>
    new LangChainConversation(
      () =>
        new ChatOpenAI({
          model: ask.model,
          apiKey: keyOf(bed, ask),
          maxRetries: 0,
          configuration: { baseURL: `${bed.url}/v1` },
          ...(ask.reasoning === true ? { reasoning: { effort: "medium" } } : {}),
        }),
      ask,
    ),
  failure: failureOf,
};
export const langchainResponses: Client = {
  name: "langchain openai responses",
  prefix: "gpt-5-",
  dialect: "openai-responses",
  open: (bed, ask) =>
    new LangChainConversation(
      () =>
        new ChatOpenAI({
          model: ask.model,
          apiKey: keyOf(bed, ask),
          maxRetries: 0,
          useResponsesApi: true,
          zdrEnabled: true,
          configuration: { baseURL: `${bed.url}/v1` },
          ...(ask.reasoning === true ? { reasoning: { effort: "medium", summary: "auto" } } : {}),
        }),
      ask,
    ),
  failure: failureOf,
};
export const langchainAnthropic: Client = {
  name: "langchain anthropic",
  prefix: "claude-sonnet-4-5-",
  dialect: "anthropic-messages",
  open: (bed, ask) =>
    new LangChainConversation(
      () =>
        new ChatAnthropic({
          model: ask.model,
          apiKey: keyOf(bed, ask),
          anthropicApiUrl: bed.url,
          maxRetries: 0,
          maxTokens: 8000,
          ...(ask.reasoning === true ? { thinking: { type: "enabled", budget_tokens: 2048 } } : {}),
        }),
      ask,
    ),
  // Reads the input from the first frame only, where it is counted unless the provider tells it early; and adds that frame's output.
  reads: (provider, stream, { input, output }) =>
    stream && provider === "anthropic"
      ? { input, output: output + 1 }
      : stream && provider !== "gemini"
        ? { output }
        : { input, output },
  failure: failureOf,
};
export const langchainGoogle: Client = {
  name: "langchain google-genai",
  prefix: "gemini-3-",
  forgetsCallIds: true,
  dialect: "gemini",
  open: (bed, ask) =>
    new LangChainConversation(
      () =>
        new ChatGoogleGenerativeAI({
          model: ask.model,
          apiKey: keyOf(bed, ask),
          baseUrl: bed.url,
          maxRetries: 0,
          ...(ask.reasoning === true ? { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } } : {}),
        }),
      ask,
    ),
  // Leaves thoughts out of its output; Anthropic doesn't tell them apart.
  reads: (provider, _stream, { input, output, reasoning }) => ({
    input,
    output: provider === "anthropic" ? output : output - reasoning,
  }),
  failure: failureOf,
};
