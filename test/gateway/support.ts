import type { ProviderKind } from "../../src/catalog/types.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import { type JsonObject, type JsonValue, isObject, parseJson } from "../../src/lib/json.ts";
import { PATIENT, type TestGateway, type TestKey } from "../support/gateway.ts";
import {
  anthropicReply,
  anthropicStream,
  type AnswerSpec,
  chatReply,
  chatStream,
  geminiReply,
  geminiStream,
  type Handler,
  responsesReply,
  responsesStream,
  type Script,
} from "../support/upstream.ts";

/** What a test asks, whatever the dialect. */
export interface Ask {
  model?: string;
  stream?: boolean;
  maxTokens?: number;
  text?: string;
}

/** One client dialect as a test drives it. */
export interface ClientDialect {
  id: DialectId;
  path(ask: Ask): string;
  body(ask: Ask): JsonObject;
  /** Our machine code in an error body. */
  errorCode(body: JsonObject): JsonValue | undefined;
  /** All text of a JSON answer. */
  textOf(answer: JsonObject): string;
  /** Text of one stream frame's data. */
  deltaOf(data: JsonObject): string;
  /** The frame that ends a good stream. */
  isTerminal(frame: StreamFrame): boolean;
  /** The frame that ends a failed one. */
  isError(frame: StreamFrame): boolean;
}

const at = (value: JsonValue | undefined, ...path: (string | number)[]): JsonValue | undefined => {
  let here = value;
  for (const name of path) {
    if (Array.isArray(here) && typeof name === "number") here = here[name];
    else if (isObject(here ?? null) && typeof name === "string") here = (here as JsonObject)[name];
    else return undefined;
  }
  return here;
};
export { at };

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

const chat: ClientDialect = {
  id: "openai-chat",
  path: () => "/v1/chat/completions",
  body: ({ model = "m", stream = false, maxTokens, text: content = "hi" }) => ({
    model,
    messages: [{ role: "user", content }],
    ...(stream ? { stream: true } : {}),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  }),
  errorCode: (body) => at(body, "error", "code"),
  textOf: (answer) => text(at(answer, "choices", 0, "message", "content")),
  deltaOf: (data) => text(at(data, "choices", 0, "delta", "content")),
  isTerminal: (frame) => frame.data === "[DONE]",
  isError: (frame) => at(frame.json, "error") !== undefined,
};

const responses: ClientDialect = {
  id: "openai-responses",
  path: () => "/v1/responses",
  body: ({ model = "m", stream = false, maxTokens, text: input = "hi" }) => ({
    model,
    input,
    ...(stream ? { stream: true } : {}),
    ...(maxTokens === undefined ? {} : { max_output_tokens: maxTokens }),
  }),
  errorCode: (body) => at(body, "error", "code"),
  textOf: (answer) =>
    (answer["output"] as JsonValue[])
      .filter((item) => at(item, "type") === "message")
      .map((item) => text(at(item, "content", 0, "text")))
      .join(""),
  deltaOf: (data) => (data["type"] === "response.output_text.delta" ? text(data["delta"]) : ""),
  isTerminal: (frame) => frame.event === "response.completed",
  isError: (frame) => frame.event === "response.failed" || frame.event === "error",
};

const anthropic: ClientDialect = {
  id: "anthropic-messages",
  path: () => "/v1/messages",
  body: ({ model = "m", stream = false, maxTokens = 100, text: content = "hi" }) => ({
    model,
    max_tokens: maxTokens,
    messages: [{ role: "user", content }],
    ...(stream ? { stream: true } : {}),
  }),
  errorCode: (body) => at(body, "error", "details", "error_code"),
  textOf: (answer) =>
    (answer["content"] as JsonValue[])
      .filter((block) => at(block, "type") === "text")
      .map((block) => text(at(block, "text")))
      .join(""),
  deltaOf: (data) => text(at(data, "delta", "text")),
  isTerminal: (frame) => frame.event === "message_stop",
  isError: (frame) => frame.event === "error",
};

const gemini: ClientDialect = {
  id: "gemini",
  path: ({ model = "m", stream = false }) =>
    `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  body: ({ maxTokens, text: said = "hi" }) => ({
    contents: [{ role: "user", parts: [{ text: said }] }],
    ...(maxTokens === undefined ? {} : { generationConfig: { maxOutputTokens: maxTokens } }),
  }),
  errorCode: (body) => {
    const details = at(body, "error", "details");
    const info = Array.isArray(details) ? details.find((item) => at(item, "reason") !== undefined) : undefined;
    return at(info, "reason");
  },
  textOf: (answer) => text(at(answer, "candidates", 0, "content", "parts", 0, "text")),
  deltaOf: (data) => text(at(data, "candidates", 0, "content", "parts", 0, "text")),
  isTerminal: (frame) => at(frame.json, "candidates", 0, "finishReason") !== undefined,
  isError: (frame) => at(frame.json, "error") !== undefined,
};

export const CLIENTS: readonly ClientDialect[] = [chat, responses, anthropic, gemini];
export const clientOf = (id: DialectId): ClientDialect => {
  const found = CLIENTS.find((item) => item.id === id);
  if (found === undefined) throw new Error(`no client of ${id}`);
  return found;
};

/** One provider kind as a test scripts it. */
export interface ScriptedKind {
  kind: Exclude<ProviderKind, "echo">;
  dialect: DialectId;
  reply(spec?: AnswerSpec): Handler;
  stream(spec?: AnswerSpec): Script;
}

export const KINDS: readonly ScriptedKind[] = [
  { kind: "openai", dialect: "openai-chat", reply: chatReply, stream: chatStream },
  { kind: "openai-compatible", dialect: "openai-chat", reply: chatReply, stream: chatStream },
  { kind: "openai-responses", dialect: "openai-responses", reply: responsesReply, stream: responsesStream },
  { kind: "anthropic", dialect: "anthropic-messages", reply: anthropicReply, stream: anthropicStream },
  { kind: "gemini", dialect: "gemini", reply: geminiReply, stream: geminiStream },
];

/** The provider kind that speaks a client's dialect: its answers are relayed. */
export function kindOf(dialect: DialectId): ScriptedKind {
  const found = KINDS.find((item) => item.dialect === dialect);
  if (found === undefined) throw new Error(`no kind of ${dialect}`);
  return found;
}

export interface CatalogParts {
  providers: Record<string, { kind: string; url: string }>;
  /** The first model is `m` at the first provider unless told otherwise. */
  models?: Record<string, unknown>[];
  routing?: Record<string, unknown>;
  billing?: Record<string, unknown>;
  access?: Record<string, unknown>;
  more?: Record<string, unknown>;
}

/** A model row with easy prices: 1 USD per 1M input tokens, 2 per 1M output. */
export const model = (id: string, provider: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id,
  provider,
  context: 100_000,
  max_output: 8192,
  capabilities: ["tools", "images", "json_schema", "reasoning"],
  price: { input: "1", output: "2" },
  ...more,
});

/** A catalog file; JSON is YAML. Retries come at once; rate and time limits are off unless a test says otherwise. */
export function catalogOf(parts: CatalogParts): string {
  const [first = ""] = Object.keys(parts.providers);
  return JSON.stringify({
    access: { limits: { requests_per_minute: 0 }, ...parts.access },
    routing: { ...PATIENT, retries: 2, backoff_min_ms: 0, backoff_max_ms: 1, ...parts.routing },
    ...(parts.billing === undefined ? {} : { billing: parts.billing }),
    providers: Object.fromEntries(
      Object.entries(parts.providers).map(([name, { kind, url }]) => [
        name,
        { kind, base_url: url, api_key: `upstream-key-of-${name}` },
      ]),
    ),
    models: parts.models ?? [model("m", first)],
    ...parts.more,
  });
}

/** A catalog with a provider of every kind at `url`, and a model `at-KIND` at each. */
export const catalogOfKinds = (url: string): string =>
  catalogOf({
    providers: Object.fromEntries(KINDS.map(({ kind }) => [kind, { kind, url }])),
    models: KINDS.map(({ kind }) => model(`at-${kind}`, kind)),
  });

export interface StreamFrame {
  event: string | null;
  data: string;
  json: JsonObject;
  raw: string;
}

/** Frames of an event stream that has ended; comments are left out. */
export function framesOf(body: string): StreamFrame[] {
  return body
    .replaceAll("\r\n", "\n")
    .split("\n\n")
    .filter((raw) => raw.trim() !== "")
    .map(readFrame)
    .filter((frame) => frame !== null);
}

function readFrame(raw: string): StreamFrame | null {
  const lines = raw.split("\n");
  const field = (name: string): string | null => {
    const values = lines
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());
    return values.length === 0 ? null : values.join("\n");
  };
  const data = field("data");
  if (data === null) return null;
  return { event: field("event"), data, json: data.startsWith("{") ? (parseJson(data) as JsonObject) : {}, raw };
}

/** Reads a response piece by piece, for tests that go in lockstep with the upstream. */
export class StreamReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  text = "";

  constructor(response: Response) {
    if (response.body === null) throw new Error("no body");
    this.#reader = response.body.getReader();
  }

  /** Reads until the text so far contains `wanted`, or the end. */
  async until(wanted: string): Promise<string> {
    while (!this.text.includes(wanted)) if (!(await this.next())) break;
    return this.text;
  }

  async rest(): Promise<string> {
    while (await this.next());
    return this.text;
  }

  async next(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    this.text += this.#decoder.decode(value, { stream: true });
    return true;
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

export interface CallRecord {
  status: number;
  error_code: string | null;
  stream_state: string | null;
  charged: string;
  tokens_input: number;
  tokens_output: number;
  usage_source: string | null;
  attempts: number;
  provider: string | null;
  losses: JsonObject[];
  [name: string]: unknown;
}

/** The audit row of a call; waits for it, since a call may end after its client has gone. */
export async function auditOf(gateway: TestGateway, key: TestKey, requestId: string): Promise<CallRecord> {
  for (;;) {
    const rows = await auditRows(gateway, key);
    const found = rows.find((row) => row["request_id"] === requestId);
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export async function auditRows(gateway: TestGateway, key: TestKey): Promise<CallRecord[]> {
  const response = await gateway.get("/v1/audit?limit=100", key.key);
  const body = (await response.json()) as { data: CallRecord[] };
  return body.data;
}

export const requestIdOf = (response: Response): string => response.headers.get("x-tollgate-request-id") ?? "";

/** Waits until a condition holds, turn by turn of the event loop. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
}
