import { GatewayError, invalidRequest } from "../../ir/error.ts";
import type { GenerateRequest, OutputFormat, Part, Sampling, Turn } from "../../ir/request.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import type { RequestContext } from "../dialect.ts";
import { lostInside } from "../shared/half-read.ts";
import { decodeCacheMark } from "./cache-control.ts";
import { decodeContent, decodeText } from "./decode-content.ts";
import { decodeReasoning, thinkingExtras } from "./decode-thinking.ts";
import { decodeToolChoice, decodeTools } from "./decode-tools.ts";
import {
  isAbsent,
  readArray,
  readBoolean,
  readInteger,
  readName,
  readNumber,
  readObject,
  readString,
  readWord,
  restOf,
} from "./fields.ts";
import { HALF_READ } from "./half-read.ts";
import { MessagesReading } from "./request-context.ts";
import { checkToolPairs } from "./tool-pairs.ts";

const KNOWN = [
  "model",
  "messages",
  "max_tokens",
  "system",
  "stream",
  "stop_sequences",
  "temperature",
  "top_p",
  "top_k",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "metadata",
  "service_tier",
  "cache_control",
  "context_management",
  "thread",
];

/** A Messages request. Throws GatewayError 400 naming the field; `max_tokens` is required, as in the API. */
export function decodeRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  if (isAbsent(body.max_tokens)) throw invalidRequest("max_tokens", "max_tokens: Field required");
  const request = decodeBody(body, context);
  checkToolPairs(request.turns);
  return request;
}

/** A count_tokens request: the same body, `max_tokens` may be absent (Anthropic token counting). */
export function decodeCountRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  return decodeBody(body, context);
}

/**
 * Server-held threads need state that only one provider has. The SDK's tool runner resends the whole history on exactly this answer;
 * ignoring the field would lose the conversation (Anthropic message threads, beta 2026-08-12).
 */
export function refuseThread(value: unknown): void {
  if (isAbsent(value)) return;
  throw new GatewayError({
    status: 400,
    code: "unsupported_feature",
    message: "thread: conversations are not held on the server here; send all messages without a thread",
    param: "thread",
    type: "invalid_request_error",
    details: { error_code: "thread_unsupported_request", unsupported: ["thread"] },
  });
}

function decodeBody(body: JsonObject, context: RequestContext): GenerateRequest {
  refuseThread(body.thread);
  const model = isAbsent(body.model) ? null : readName(body.model, "model");
  const reading = new MessagesReading(context.seals, model);
  const extras = { ...restOf(body, KNOWN), ...thinkingExtras(body) };
  const cache = decodeCacheMark(body.cache_control, "cache_control");
  const contextManagement = body.context_management;
  const turns = decodeTurns(body.messages, reading);
  const tools = decodeTools(body.tools);
  const toolChoice = decodeToolChoice(body.tool_choice);
  const output = decodeOutput(body);
  const losses = [...reading.losses, ...lostInside(body, HALF_READ)];
  return {
    origin: "anthropic-messages",
    model,
    stream: isAbsent(body.stream) ? false : readBoolean(body.stream, "stream"),
    system: decodeSystem(body.system),
    turns,
    tools,
    toolChoice,
    output,
    sampling: decodeSampling(body),
    maxOutput: isAbsent(body.max_tokens) ? null : readInteger(body.max_tokens, "max_tokens", 0),
    stop: decodeStop(body.stop_sequences),
    n: 1,
    reasoning: decodeReasoning(body),
    logprobs: null,
    serviceTier: isAbsent(body.service_tier)
      ? null
      : readWord(body.service_tier, "service_tier", ["auto", "standard_only"]),
    ...decodeMetadata(body.metadata),
    ...(cache === null ? {} : { cache }),
    ...(isAbsent(contextManagement)
      ? {}
      : {
          contextManagement: {
            origin: "anthropic-messages",
            value: readObject(contextManagement, "context_management"),
          },
        }),
    includeUsage: false,
    extras: { origin: "anthropic-messages", fields: extras },
    ...(losses.length > 0 ? { losses } : {}),
  };
}

function decodeSystem(value: JsonValue | undefined): Part[] {
  if (isAbsent(value) || value === "") return [];
  if (typeof value === "string") return [{ type: "text", text: value, path: "system" }];
  return readArray(value, "system").map((item, index) => {
    const path = `system[${index}]`;
    const block = readObject(item, path);
    readWord(block.type, `${path}.type`, ["text"]);
    return decodeText(block, path);
  });
}

function decodeTurns(value: JsonValue | undefined, reading: MessagesReading): Turn[] {
  const messages = readArray(value, "messages");
  if (messages.length === 0) throw invalidRequest("messages", "messages: at least one message is required");
  return messages.map((item, index) => {
    const path = `messages[${index}]`;
    const message = readObject(item, path);
    const role = readWord(message.role, `${path}.role`, ["user", "assistant", "system"]);
    // A system message may hold only per-message settings; the two other roles need content.
    if (role !== "system" && isAbsent(message.content)) {
      throw invalidRequest(`${path}.content`, `${path}.content: Field required`);
    }
    const extras = restOf(message, ["role", "content"]);
    const parts = decodeContent(message.content, `${path}.content`, reading);
    if (role === "user" && parts.length === 0) {
      throw invalidRequest(`${path}.content`, `${path}.content: user messages must have non-empty content`);
    }
    return {
      role,
      parts,
      path,
      ...(extras ? { extras } : {}),
    };
  });
}

/** `output_config.format`, or `output_format`, its older name. Output of these is always held to the schema. */
function decodeOutput(body: JsonObject): OutputFormat {
  const config = isAbsent(body.output_config) ? {} : readObject(body.output_config, "output_config");
  const [value, path] = isAbsent(config.format)
    ? [body.output_format, "output_format"]
    : [config.format, "output_config.format"];
  if (isAbsent(value)) return { kind: "text" };
  const format = readObject(value, path);
  readWord(format.type, `${path}.type`, ["json_schema"]);
  return { kind: "schema", name: "output", schema: readObject(format.schema, `${path}.schema`), strict: true };
}

function decodeSampling(body: JsonObject): Sampling {
  return {
    ...(isAbsent(body.temperature) ? {} : { temperature: readNumber(body.temperature, "temperature", 0, 1) }),
    ...(isAbsent(body.top_p) ? {} : { topP: readNumber(body.top_p, "top_p", 0, 1) }),
    ...(isAbsent(body.top_k) ? {} : { topK: readInteger(body.top_k, "top_k", 0) }),
  };
}

function decodeStop(value: JsonValue | undefined): string[] {
  if (isAbsent(value)) return [];
  return readArray(value, "stop_sequences").map((item, index) => readString(item, `stop_sequences[${index}]`));
}

function decodeMetadata(value: JsonValue | undefined): { user?: string; metadata?: JsonObject } {
  if (isAbsent(value)) return {};
  const metadata = readObject(value, "metadata");
  const rest = restOf(metadata, ["user_id"]);
  return {
    ...(isAbsent(metadata.user_id) ? {} : { user: readString(metadata.user_id, "metadata.user_id") }),
    ...(rest ? { metadata: rest } : {}),
  };
}
