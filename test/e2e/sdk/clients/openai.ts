import OpenAI from "openai";
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

type ChatMessage = OpenAI.Chat.ChatCompletionMessageParam;

export const openaiClient = (bed: Bed, key?: string): OpenAI =>
  new OpenAI({ apiKey: key ?? bed.key, baseURL: `${bed.url}/v1`, maxRetries: 0 });

class ChatConversation implements Conversation {
  readonly #client: OpenAI;
  readonly #ask: Ask;
  readonly #messages: ChatMessage[] = [];

  constructor(bed: Bed, ask: Ask) {
    this.#client = openaiClient(bed, ask.key);
    this.#ask = ask;
    if (ask.system !== undefined) this.#messages.push({ role: "developer", content: ask.system });
    const text = ask.prompt ?? PROMPT;
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } } as const;
    this.#messages.push({ role: "user", content: ask.image === true ? [{ type: "text", text }, image] : text });
  }

  async say(): Promise<Said> {
    const ask = this.#ask;
    const params: OpenAI.Chat.ChatCompletionCreateParamsNonStreaming = { model: ask.model, messages: this.#messages };
    if (ask.tools === true)
      params.tools = TOOLS.map(({ name, description, schema }) => ({
        type: "function",
        function: { name, description, parameters: schema },
      }));
    if (ask.schema === true)
      params.response_format = { type: "json_schema", json_schema: { name: "report", strict: true, schema: REPORT } };
    if (ask.reasoning === true) params.reasoning_effort = "medium";
    const answer =
      ask.stream === true
        ? await this.#client.chat.completions
            .stream({ ...params, stream: true, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : await this.#client.chat.completions.create(params);
    const [choice] = answer.choices;
    if (choice === undefined) throw new Error("no choice");
    this.#messages.push(choice.message);
    const extra = choice.message as { reasoning_content?: string };
    return {
      text: choice.message.content ?? "",
      reasoning: extra.reasoning_content ?? "",
      tools: (choice.message.tool_calls ?? []).flatMap((call) =>
        call.type === "function"
          ? [
              {
                id: call.id,
                name: call.function.name,
                args: JSON.parse(call.function.arguments) as Record<string, unknown>,
              },
            ]
          : [],
      ),
      finish: choice.finish_reason,
      input: answer.usage?.prompt_tokens ?? null,
      output: answer.usage?.completion_tokens ?? null,
    };
  }

  results(answers: readonly ToolAnswer[]): void {
    for (const { id, text } of answers) this.#messages.push({ role: "tool", tool_call_id: id, content: text });
  }

  user(text: string): void {
    this.#messages.push({ role: "user", content: text });
  }
}

class ResponsesConversation implements Conversation {
  readonly #client: OpenAI;
  readonly #ask: Ask;
  readonly #input: OpenAI.Responses.ResponseInput = [];

  constructor(bed: Bed, ask: Ask) {
    this.#client = openaiClient(bed, ask.key);
    this.#ask = ask;
    const text = ask.prompt ?? PROMPT;
    const image = { type: "input_image", detail: "auto", image_url: `data:image/png;base64,${PIXEL}` } as const;
    this.#input.push({ role: "user", content: ask.image === true ? [{ type: "input_text", text }, image] : text });
  }

  async say(): Promise<Said> {
    const ask = this.#ask;
    const params: OpenAI.Responses.ResponseCreateParamsNonStreaming = {
      model: ask.model,
      input: this.#input,
      store: false,
    };
    if (ask.system !== undefined) params.instructions = ask.system;
    if (ask.tools === true)
      params.tools = TOOLS.map(({ name, description, schema }) => ({
        type: "function",
        name,
        description,
        parameters: schema,
        strict: true,
      }));
    if (ask.schema === true)
      params.text = { format: { type: "json_schema", name: "report", strict: true, schema: REPORT } };
    if (ask.reasoning === true) {
      params.reasoning = { effort: "medium", summary: "auto" };
      params.include = ["reasoning.encrypted_content"];
    }
    const answer =
      ask.stream === true
        ? await this.#client.responses.stream({ ...params, stream: true }).finalResponse()
        : await this.#client.responses.create(params);
    this.#input.push(...(answer.output as OpenAI.Responses.ResponseInputItem[]));
    return {
      text: answer.output_text,
      reasoning: answer.output
        .flatMap((item) => (item.type === "reasoning" ? [...(item.content ?? []), ...item.summary] : []))
        .map((part) => part.text)
        .join(""),
      tools: answer.output.flatMap((item) =>
        item.type === "function_call"
          ? [{ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) as Record<string, unknown> }]
          : [],
      ),
      finish: answer.status ?? null,
      input: answer.usage?.input_tokens ?? null,
      output: answer.usage?.output_tokens ?? null,
    };
  }

  results(answers: readonly ToolAnswer[]): void {
    for (const { id, text } of answers) this.#input.push({ type: "function_call_output", call_id: id, output: text });
  }

  user(text: string): void {
    this.#input.push({ role: "user", content: text });
  }
}

export const openaiChatSdk: Client = {
  name: "openai chat",
  dialect: "openai-chat",
  open: (bed, ask) => new ChatConversation(bed, ask),
  failure: failureOf,
};
export const openaiResponsesSdk: Client = {
  name: "openai responses",
  dialect: "openai-responses",
  open: (bed, ask) => new ResponsesConversation(bed, ask),
  failure: failureOf,
};
