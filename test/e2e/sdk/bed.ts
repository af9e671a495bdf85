/**
 * A running gateway before one scripted provider per kind. Every request that reaches a provider is checked against that provider's rules; what
 * breaks one is answered 400, as the provider would, and kept in `violations`.
 */
import type { AnswerSpec, Handler, RecordedRequest, Script, Upstream } from "../../support/upstream.ts";
import {
  anthropicError,
  anthropicReply,
  chatError,
  chatReply,
  geminiError,
  geminiReply,
  responsesReply,
  startUpstream,
} from "../../support/upstream.ts";
import { PATIENT, startGateway, type TestGateway } from "../../support/gateway.ts";
import { anthropicRules } from "./rules/anthropic.ts";
import { chatRules } from "./rules/chat.ts";
import { geminiRules } from "./rules/gemini.ts";
import { responsesRules } from "./rules/responses.ts";

export const PROVIDERS = ["openai", "responses", "anthropic", "gemini", "compatible"] as const;
export type ProviderName = (typeof PROVIDERS)[number];

interface ProviderSide {
  reply(spec: AnswerSpec): Handler;
  error(status: number, message: string, headers?: Record<string, string>): Script;
  rules(request: RecordedRequest): string[];
}

const GOOGLE_STATUS: Record<number, string> = { 400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED" };
const ANTHROPIC_TYPE: Record<number, string> = { 404: "not_found_error", 429: "rate_limit_error" };
const openaiError = (status: number, message: string, headers?: Record<string, string>): Script =>
  chatError(status, status === 429 ? "rate_limit_exceeded" : null, message, headers);

export const SIDES: Record<ProviderName, ProviderSide> = {
  openai: { reply: chatReply, error: openaiError, rules: (request) => chatRules(request, { strict: true }) },
  compatible: { reply: chatReply, error: openaiError, rules: (request) => chatRules(request, { strict: false }) },
  responses: { reply: responsesReply, error: openaiError, rules: responsesRules },
  anthropic: {
    reply: anthropicReply,
    error: (status, message, headers) =>
      anthropicError(status, ANTHROPIC_TYPE[status] ?? "invalid_request_error", message, headers),
    rules: anthropicRules,
  },
  gemini: {
    reply: geminiReply,
    error: (status, message, headers) => geminiError(status, GOOGLE_STATUS[status] ?? "INTERNAL", message, headers),
    rules: geminiRules,
  },
};

const KINDS: Record<ProviderName, string> = {
  openai: "openai",
  responses: "openai-responses",
  anthropic: "anthropic",
  gemini: "gemini",
  compatible: "openai-compatible",
};

const PRICE = "{input: 1.00, cached_input: 0.10, output: 4.00, tool_fees: {web_search: {usd: 10.00, per: 1000}}}";
const CAN = "[tools, images, audio, video, documents, json_object, json_schema, reasoning, logprobs, n]";

function catalogFor(origin: string): string {
  const providers = PROVIDERS.map(
    (name) => `  ${name}: {kind: ${KINDS[name]}, base_url: "${origin}/${name}", api_key: "k-${name}"}`,
  );
  const models = PROVIDERS.map(
    (name) =>
      `  - {id: ${modelOf(name)}, provider: ${name}, context: 200000, max_output: 32000, capabilities: ${CAN}, price: ${PRICE}}`,
  );
  const aliases = ["gpt-5", "claude-sonnet-4-5", "gemini-3"].flatMap((family) =>
    PROVIDERS.map((name) => `  ${family}-${modelOf(name)}: ${modelOf(name)}`),
  );
  return `
billing: {currency: USD, fx: {USD: 1}, markup_percent: 0}
access: {auth: required, limits: {requests_per_minute: 0}}
routing: ${JSON.stringify({ ...PATIENT, retries: 0, breaker: { enabled: false } })}
providers:
${providers.join("\n")}
models:
${models.join("\n")}
  - {id: embedder, provider: openai, context: 8000, capabilities: [embeddings], price: {input: 0.02}}
  - {id: google-embedder, provider: gemini, context: 8000, capabilities: [embeddings], price: {input: 0.02}}
  - {id: dear, provider: anthropic, context: 200000, max_output: 100000, price: {input: 900.00, output: 9000.00}}
aliases:
${aliases.join("\n")}
`;
}

/** The model that a provider serves. */
export const modelOf = (provider: ProviderName): string => `m-${provider}`;

export class Bed implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly upstream: Upstream;
  readonly key: string;
  readonly accountId: string;
  /** What providers would have refused, newest last. */
  violations: string[] = [];
  /** Requests of the case that runs. */
  received: RecordedRequest[] = [];
  #poorKey: Promise<string> | null = null;
  #queue: (AnswerSpec | Script | Handler)[] = [];
  /** A further check of what reaches the provider, such as that of returned signatures. */
  extraRule: ((request: RecordedRequest, provider: ProviderName) => string[]) | null = null;

  constructor(gateway: TestGateway, upstream: Upstream, key: string, accountId: string) {
    this.gateway = gateway;
    this.upstream = upstream;
    this.key = key;
    this.accountId = accountId;
    upstream.always((request) => this.#answer(request));
  }

  get url(): string {
    return this.gateway.url;
  }
  get last(): RecordedRequest {
    const last = this.received.at(-1);
    if (last === undefined) throw new Error("nothing has reached a provider");
    return last;
  }

  /** Starts a case: the provider will answer the next requests with these. */
  script(...answers: (AnswerSpec | Script | Handler)[]): this {
    this.#queue = [...answers];
    this.violations = [];
    this.received = [];
    this.extraRule = null;
    return this;
  }

  /** A key of an account that has one cent. */
  poorKey(): Promise<string> {
    this.#poorKey ??= this.gateway.createKey({ credit: "0.01" }).then(({ key }) => key);
    return this.#poorKey;
  }

  async #answer(request: RecordedRequest): Promise<Script> {
    this.received.push(request);
    const provider = request.path.split("/")[1] as ProviderName;
    const side = SIDES[provider];
    const generates = !request.path.endsWith("/embeddings");
    const broken = [...(generates ? side.rules(request) : []), ...(this.extraRule?.(request, provider) ?? [])];
    this.violations.push(...broken);
    if (broken.length > 0) return side.error(400, broken.join("; "));
    const next = this.#queue.shift();
    if (next === undefined) return side.error(400, "nothing is scripted");
    if (typeof next === "function") return next(request);
    return isScript(next) ? next : side.reply(next)(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    this.upstream.stop();
  }
}

const isScript = (value: AnswerSpec | Script): value is Script =>
  "body" in value || "stream" in value || "raw" in value || "status" in value;

export async function startBed(): Promise<Bed> {
  const upstream = await startUpstream();
  const gateway = await startGateway({ catalog: catalogFor(upstream.url) });
  const made = await gateway.createKey({ credit: "1000.00" });
  return new Bed(gateway, upstream, made.key, made.accountId);
}
