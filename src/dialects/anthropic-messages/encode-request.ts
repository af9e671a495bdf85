import type { GenerateRequest, Part } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { EncodedRequest } from "../dialect.ts";
import { commonNames } from "../shared/common-names.ts";
import { liftInstructions } from "../shared/leading-instructions.ts";
import { limitCacheMarks } from "./cache-marks.ts";
import { encodeMessages } from "./encode-messages.ts";
import { encodePart, isPlainText } from "./encode-part.ts";
import { encodeSampling } from "./encode-sampling.ts";
import { encodeThinking } from "./encode-thinking.ts";
import { encodeTools } from "./encode-tools.ts";
import { Encoding } from "./encoding.ts";
import { encodeOutput } from "./encode-output.ts";
import { LOSS_FIELDS } from "./loss-fields.ts";
import { reportUnsupported } from "./unsupported.ts";
import { API_VERSION, BETAS, COUNT_PATH, FALLBACK_MAX_TOKENS, MESSAGES_PATH } from "./wire-names.ts";
import { words } from "../../lib/words.ts";

const COMMON_NAMES = commonNames(LOSS_FIELDS);
/** Fields that a count_tokens request takes (Anthropic token counting). */
const COUNT_FIELDS = [
  "model",
  "system",
  "messages",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "cache_control",
];

/** A request in Anthropic's form; whatever has no place there is among the losses. */
export function encodeRequest(asked: GenerateRequest, target: TargetFacts): EncodedRequest {
  const encoding = new Encoding(asked, target);
  // Anthropic's own clients mean the place where a system message stands.
  const request = asked.origin === "anthropic-messages" ? asked : liftInstructions(asked, encoding);
  const maxTokens = maxTokensOf(request, encoding);
  const messages = encodeMessages(request.turns, encoding);
  const thinking = encodeThinking(request, messages, maxTokens, encoding);
  const output = encodeOutput(request, encoding);
  const isThinking = thinking.thinking !== undefined && thinking.thinking.type !== "disabled";
  const config = {
    ...(thinking.effort === undefined ? {} : { effort: thinking.effort }),
    ...(output.format === null ? {} : { format: output.format }),
  };
  const body: JsonObject = {
    model: target.upstreamModel,
    max_tokens: maxTokens,
    ...encodeSystem(request.system, output.instruction, encoding),
    messages,
    ...encodeTools(request, encoding),
    ...(thinking.thinking === undefined ? {} : { thinking: thinking.thinking }),
    ...(Object.keys(config).length > 0 ? { output_config: config } : {}),
    ...encodeSampling(request, isThinking, encoding),
    ...encodeStop(request, encoding),
    ...(request.user === undefined ? {} : { metadata: { user_id: request.user } }),
    ...encodeTier(request, encoding),
    ...(request.cache === undefined ? {} : { cache_control: encoding.cacheControl(request.cache, "") }),
    ...(request.stream ? { stream: true } : {}),
  };
  addExtras(body, request, encoding);
  reportUnsupported(request, encoding);
  limitCacheMarks(body, encoding);
  for (const name of target.compat.refuses) {
    if (body[name] === undefined) continue;
    encoding.lose(COMMON_NAMES.get(name) ?? name, "refused by this provider");
    delete body[name];
  }
  return { path: MESSAGES_PATH, headers: headersFor(body, encoding), body, losses: encoding.losses };
}

/** The same for count_tokens, which takes only what counts as input. */
export function encodeCountRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest {
  const encoded = encodeRequest(request, target);
  const fields = Object.entries(encoded.body).filter(([name]) => COUNT_FIELDS.includes(name));
  return { ...encoded, path: COUNT_PATH, body: Object.fromEntries(fields) };
}

function maxTokensOf(request: GenerateRequest, encoding: Encoding): number {
  const limit = encoding.target.maxOutput;
  const asked = request.maxOutput;
  if (asked === null) return limit ?? FALLBACK_MAX_TOKENS;
  if (limit === null || asked <= limit) return asked;
  encoding.lose("max_tokens", `above this model's limit of ${limit}; the limit is asked for`);
  return limit;
}

function encodeSystem(parts: readonly Part[], instruction: string | null, encoding: Encoding): JsonObject {
  const blocks: JsonObject[] = [];
  for (const part of parts) {
    const block = part.type === "text" ? encodePart(part, encoding) : null;
    if (part.type !== "text") encoding.lose(part.path, "system instructions are text only in Anthropic Messages");
    if (block !== null) blocks.push(block);
  }
  if (instruction !== null) blocks.push({ type: "text", text: instruction });
  const [first] = blocks;
  if (first === undefined) return {};
  return { system: blocks.length === 1 && isPlainText(first) ? first.text : blocks };
}

/** "stop_sequences: each stop sequence must contain non-whitespace": the others can't be asked for. */
function encodeStop(request: GenerateRequest, encoding: Encoding): JsonObject {
  const usable = request.stop.filter((text) => text.trim() !== "");
  if (usable.length < request.stop.length) {
    encoding.lose("stop", "stop sequences of white space only are refused by Anthropic");
  }
  return usable.length > 0 ? { stop_sequences: usable } : {};
}

/** Anthropic knows `auto` and `standard_only`; `default` and `standard` elsewhere mean the latter. */
const TIERS: Readonly<Record<string, string>> = words({
  auto: "auto",
  standard_only: "standard_only",
  default: "standard_only",
  standard: "standard_only",
});

function encodeTier(request: GenerateRequest, encoding: Encoding): JsonObject {
  if (request.serviceTier === null) return {};
  const tier = TIERS[request.serviceTier];
  if (tier !== undefined) return { service_tier: tier };
  encoding.lose("service_tier", `the tier ${request.serviceTier} is not known to Anthropic`);
  return {};
}

/** Fields of this dialect that the representation has no word for; objects are merged, since both sides may hold parts of them. */
function addExtras(body: JsonObject, request: GenerateRequest, encoding: Encoding): void {
  const { origin, fields } = request.extras;
  const management = request.contextManagement;
  if (management?.origin === "anthropic-messages") body.context_management = management.value;
  for (const [name, value] of Object.entries(fields)) {
    if (origin !== "anthropic-messages") encoding.lose(name, "not known to Anthropic Messages");
    else body[name] = merge(body[name], value);
  }
}

function merge(own: JsonValue | undefined, extra: JsonValue | undefined): JsonValue | undefined {
  return isObject(own) && isObject(extra) ? { ...own, ...extra } : extra;
}

function headersFor(body: JsonObject, encoding: Encoding): Record<string, string> {
  const management = JSON.stringify(body.context_management ?? null);
  if (body.context_management !== undefined) encoding.betas.add(BETAS.contextManagement);
  if (management.includes('"compact_')) encoding.betas.add(BETAS.compaction);
  if (body.mcp_servers !== undefined) encoding.betas.add(BETAS.mcp);
  if (body.speed === "fast") encoding.betas.add(BETAS.fast);
  const betas = [...encoding.betas].join(",");
  return { "anthropic-version": API_VERSION, ...(betas === "" ? {} : { "anthropic-beta": betas }) };
}
