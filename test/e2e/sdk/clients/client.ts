import type { Bed, ProviderName } from "../bed.ts";
import type { DialectId } from "../../../../src/ir/dialect-id.ts";

/** What a test asks a model, in no dialect. The model may change while the conversation goes on. */
export interface Ask {
  model: string;
  prompt?: string;
  system?: string;
  /** Sends a small PNG with the prompt. */
  image?: boolean;
  /** Offers get_weather and get_time. */
  tools?: boolean;
  /** Asks for `{city, degrees}` by schema. */
  schema?: boolean;
  reasoning?: boolean;
  stream?: boolean;
  key?: string;
}

export interface ToolUse {
  id: string;
  name: string;
  args: Record<string, unknown>;
}

/** What the client understood. Tokens as the client shows them: all input, all output with reasoning; null = it shows none. */
export interface Said {
  text: string;
  reasoning: string;
  tools: ToolUse[];
  finish: string | null;
  input: number | null;
  output: number | null;
  object?: unknown;
}

export interface ToolAnswer {
  id: string;
  name: string;
  text: string;
}

/** A running conversation that keeps its history as that client's users do. */
export interface Conversation {
  say(): Promise<Said>;
  /** Adds the tools' results, for the next `say`. */
  results(answers: readonly ToolAnswer[]): void;
  /** Adds another question. */
  user(text: string): void;
}

/** What any SDK error told. */
export interface Failure {
  status: number | null;
  message: string;
  name: string;
  retryAfter: string | null;
}

export interface Tokens {
  input: number;
  output: number;
  reasoning: number;
}

export interface Client {
  name: string;
  dialect: DialectId;
  /** It doesn't send the ids of calls back, so that new ones are made. */
  forgetsCallIds?: true;
  open(bed: Bed, ask: Ask): Conversation;
  failure(error: unknown): Failure;
  /** What this client makes of the usage of an answer, where that isn't all input and all output. */
  reads?(provider: ProviderName, stream: boolean, usage: Tokens): Partial<Tokens>;
  /** Stands before the model's id, for clients that go by the names of models they know. */
  prefix?: string;
}

/** A PNG of one red pixel. */
export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
export const PROMPT = "What is the weather in Oslo?";
export const SYSTEM = "You are terse.";

export const WEATHER = {
  type: "object",
  properties: { city: { type: "string", description: "Name of the city" } },
  required: ["city"],
  additionalProperties: false,
} as const;
export const TIME = {
  type: "object",
  properties: { zone: { type: "string" } },
  required: ["zone"],
  additionalProperties: false,
} as const;
export const TOOLS = [
  { name: "get_weather", description: "The weather in a city", schema: WEATHER },
  { name: "get_time", description: "The time in a zone", schema: TIME },
] as const;
export const REPORT = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
} as const;

/** The fields that most SDK errors have, read without knowing which SDK it is. */
export function failureOf(error: unknown): Failure {
  const value = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const status = value["status"] ?? value["statusCode"] ?? value["code"];
  const headers = value["headers"] ?? value["responseHeaders"];
  const retryAfter =
    headers instanceof Headers
      ? headers.get("retry-after")
      : ((headers as Record<string, string> | undefined)?.["retry-after"] ?? null);
  return {
    status: typeof status === "number" ? status : null,
    message: error instanceof Error ? error.message : JSON.stringify(error),
    name: error instanceof Error ? error.constructor.name : typeof error,
    retryAfter,
  };
}
