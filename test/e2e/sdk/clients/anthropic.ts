import Anthropic from "@anthropic-ai/sdk";
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

export const anthropicClient = (bed: Bed, key?: string): Anthropic =>
  new Anthropic({ apiKey: key ?? bed.key, baseURL: bed.url, maxRetries: 0 });

class MessagesConversation implements Conversation {
  readonly #client: Anthropic;
  readonly #ask: Ask;
  readonly #messages: Anthropic.MessageParam[] = [];

  constructor(bed: Bed, ask: Ask) {
    this.#client = anthropicClient(bed, ask.key);
    this.#ask = ask;
    const text = ask.prompt ?? PROMPT;
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } } as const;
    this.#messages.push({ role: "user", content: ask.image === true ? [image, { type: "text", text }] : text });
  }

  async say(): Promise<Said> {
    const ask = this.#ask;
    const params: Anthropic.MessageCreateParamsNonStreaming = {
      model: ask.model,
      max_tokens: 8000,
      messages: this.#messages,
    };
    if (ask.system !== undefined) params.system = ask.system;
    if (ask.tools === true)
      params.tools = TOOLS.map(({ name, description, schema }) => ({
        name,
        description,
        input_schema: schema as unknown as Anthropic.Tool.InputSchema,
      }));
    if (ask.schema === true) params.output_config = { format: { type: "json_schema", schema: REPORT } };
    if (ask.reasoning === true) params.thinking = { type: "enabled", budget_tokens: 2048 };
    const answer =
      ask.stream === true
        ? await this.#client.messages.stream(params).finalMessage()
        : await this.#client.messages.create(params);
    this.#messages.push({ role: "assistant", content: answer.content });
    const { usage } = answer;
    return {
      text: answer.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      reasoning: answer.content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
      tools: answer.content.flatMap((block) =>
        block.type === "tool_use"
          ? [{ id: block.id, name: block.name, args: block.input as Record<string, unknown> }]
          : [],
      ),
      finish: answer.stop_reason,
      input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
    };
  }

  results(answers: readonly ToolAnswer[]): void {
    this.#messages.push({
      role: "user",
      content: answers.map(({ id, text }) => ({ type: "tool_result", tool_use_id: id, content: text })),
    });
  }

  user(text: string): void {
    this.#messages.push({ role: "user", content: text });
  }
}

export const anthropicSdk: Client = {
  name: "@anthropic-ai/sdk",
  dialect: "anthropic-messages",
  open: (bed, ask) => new MessagesConversation(bed, ask),
  failure: failureOf,
};
