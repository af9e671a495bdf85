import {
  type Content,
  type GenerateContentConfig,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part,
} from "@google/genai";
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

export const googleClient = (bed: Bed, key?: string): GoogleGenAI =>
  new GoogleGenAI({ apiKey: key ?? bed.key, httpOptions: { baseUrl: bed.url, retryOptions: { attempts: 1 } } });

class ContentsConversation implements Conversation {
  readonly #client: GoogleGenAI;
  readonly #ask: Ask;
  readonly #contents: Content[] = [];

  constructor(bed: Bed, ask: Ask) {
    this.#client = googleClient(bed, ask.key);
    this.#ask = ask;
    const parts: Part[] = [{ text: ask.prompt ?? PROMPT }];
    if (ask.image === true) parts.push({ inlineData: { mimeType: "image/png", data: PIXEL } });
    this.#contents.push({ role: "user", parts });
  }

  async say(): Promise<Said> {
    const ask = this.#ask;
    const config: GenerateContentConfig = {};
    if (ask.system !== undefined) config.systemInstruction = ask.system;
    if (ask.tools === true)
      config.tools = [
        {
          functionDeclarations: TOOLS.map(({ name, description, schema }) => ({
            name,
            description,
            parametersJsonSchema: schema,
          })),
        },
      ];
    if (ask.schema === true) {
      config.responseMimeType = "application/json";
      config.responseJsonSchema = REPORT;
    }
    if (ask.reasoning === true) config.thinkingConfig = { includeThoughts: true, thinkingBudget: 2048 };
    const params = { model: ask.model, contents: this.#contents, config };
    const answers: GenerateContentResponse[] = [];
    if (ask.stream === true) {
      for await (const chunk of await this.#client.models.generateContentStream(params)) answers.push(chunk);
    } else answers.push(await this.#client.models.generateContent(params));
    const parts = answers.flatMap((answer) => answer.candidates?.[0]?.content?.parts ?? []);
    this.#contents.push({
      role: "model",
      parts: parts.filter((part) => part.text !== "" || part.thoughtSignature !== undefined),
    });
    return read(parts, answers);
  }

  results(answers: readonly ToolAnswer[]): void {
    this.#contents.push({
      role: "user",
      parts: answers.map(({ id, name, text }) => ({
        functionResponse: { name, response: { result: text }, ...(id === "" ? {} : { id }) },
      })),
    });
  }

  user(text: string): void {
    this.#contents.push({ role: "user", parts: [{ text }] });
  }
}

function read(parts: Part[], answers: GenerateContentResponse[]): Said {
  const usage = answers.findLast((answer) => answer.usageMetadata !== undefined)?.usageMetadata;
  return {
    text: parts.map((part) => (part.thought === true ? "" : (part.text ?? ""))).join(""),
    reasoning: parts.map((part) => (part.thought === true ? (part.text ?? "") : "")).join(""),
    tools: parts.flatMap(({ functionCall }) =>
      functionCall === undefined
        ? []
        : [{ id: functionCall.id ?? "", name: functionCall.name ?? "", args: functionCall.args ?? {} }],
    ),
    finish: answers.at(-1)?.candidates?.[0]?.finishReason ?? null,
    input: usage?.promptTokenCount ?? null,
    output: usage === undefined ? null : (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
  };
}

export const googleSdk: Client = {
  name: "@google/genai",
  dialect: "gemini",
  open: (bed, ask) => new ContentsConversation(bed, ask),
  failure: failureOf,
};
