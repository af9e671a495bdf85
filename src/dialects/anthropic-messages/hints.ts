import { invalidRequest } from "../../ir/error.ts";
import type { Capability } from "../../ir/target.ts";
import { isObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import type { Hints, PriceField, ProviderReference, RequestSignals, RouteFacts } from "../dialect.ts";
import { refuseThread } from "./decode-request.ts";
import { isCustomTool } from "./decode-tools.ts";
import { contentText, type Said, signalsOf, speakerOf } from "../shared/signals.ts";
import { isAbsent, readBoolean, readInteger, readName } from "./fields.ts";
import { Survey } from "./hints-survey.ts";
import { FREE_TOOL_TYPES, HOSTED_TOOL_TYPES, toolFamily } from "./wire-names.ts";

/** What routing, limits and the hold need. Throws 400 on wrong types of the fields that it reads; the rest is left to the decoder. */
export function readHints(doc: ScannedObject, route: RouteFacts): Hints {
  const field = (name: string): JsonValue | undefined => doc.value(name) as JsonValue | undefined;
  refuseThread(field("thread"));
  const model = field("model");
  const messages = field("messages");
  if (!Array.isArray(messages)) throw invalidRequest("messages", "messages: expected an array");
  const survey = new Survey();
  survey.content(field("system"), "system");
  survey.messages(messages);
  const tools = readTools(field("tools"), survey);
  const needs = new Set<Capability>(survey.needs);
  if (tools.custom > 0) needs.add("tools");
  if (wantsSchema(field("output_config"), field("output_format"))) needs.add("json_schema");
  const thinking = field("thinking");
  if (isObject(thinking) && thinking.type === "enabled") needs.add("reasoning");
  const top = readTopLevel(field);
  survey.cacheMark(field("cache_control"), "cache_control");
  const stream = field("stream");
  const maxTokens = field("max_tokens");
  return {
    model: route.model ?? (isAbsent(model) ? null : readName(model, "model")),
    stream: route.stream ?? (isAbsent(stream) ? false : readBoolean(stream, "stream")),
    maxOutput: isAbsent(maxTokens) ? null : readInteger(maxTokens, "max_tokens", 0),
    n: 1,
    needs,
    input: {
      textBytes: Math.max(0, doc.bytes.length - survey.mediaBytes),
      images: survey.images,
      audioBytes: 0,
      videoBytes: 0,
      documentBytes: survey.documentBytes,
      uncountable: survey.isUncountable || tools.isUncountable || top.isUncountable,
    },
    includeUsage: false,
    priceFields: [...top.priceFields, ...tools.priceFields, ...survey.priceFields],
    references: [...survey.references, ...top.references],
    toolLoop: survey.endsInToolResult,
    sealRealm: survey.sealRealm,
    signals: () => messagesSignals(field, messages),
  };
}

interface ToolFacts {
  custom: number;
  isUncountable: boolean;
  priceFields: PriceField[];
}

/** Hosted tools bring fees and input that nobody can count beforehand; the client's own, and free ones, neither. */
function readTools(value: JsonValue | undefined, survey: Survey): ToolFacts {
  const facts: ToolFacts = { custom: 0, isUncountable: false, priceFields: [] };
  if (!Array.isArray(value)) return facts;
  for (const [index, tool] of value.entries()) {
    if (!isObject(tool)) continue;
    const path = `tools[${index}]`;
    survey.cacheMark(tool.cache_control, `${path}.cache_control`);
    if (isCustomTool(tool)) {
      facts.custom += 1;
      continue;
    }
    const family = toolFamily(String(tool.type));
    if (FREE_TOOL_TYPES.has(family)) continue;
    const kind = HOSTED_TOOL_TYPES.has(family) ? "server_tool" : "unknown_tool";
    facts.isUncountable = true;
    facts.priceFields.push({ field: path, kind, value: family });
  }
  return facts;
}

function wantsSchema(config: JsonValue | undefined, format: JsonValue | undefined): boolean {
  return (isObject(config) && isObject(config.format)) || isObject(format);
}

interface TopFacts {
  isUncountable: boolean;
  priceFields: PriceField[];
  references: ProviderReference[];
}

/** Top-level fields that change the price, run something at the provider, or name something held there. */
function readTopLevel(field: (name: string) => JsonValue | undefined): TopFacts {
  const facts: TopFacts = { isUncountable: false, priceFields: [], references: [] };
  const price = (name: string, kind: PriceField["kind"], value: string): void => {
    facts.priceFields.push({ field: name, kind, value });
  };
  const speed = field("speed");
  if (typeof speed === "string" && speed !== "standard") price("speed", "speed", speed);
  const geo = field("inference_geo");
  if (typeof geo === "string" && geo !== "global") price("inference_geo", "inference_geo", geo);
  const servers = field("mcp_servers");
  if (Array.isArray(servers) && servers.length > 0) {
    price("mcp_servers", "server_tool", "mcp");
    facts.isUncountable = true;
  }
  if (!isAbsent(field("fallbacks"))) price("fallbacks", "unknown_tool", "fallbacks");
  if (!isAbsent(field("compaction")) || JSON.stringify(field("context_management") ?? null).includes('"compact_')) {
    price("context_management", "server_tool", "compaction");
    facts.isUncountable = true;
  }
  const container = field("container");
  const id = isObject(container) ? container.id : container;
  if (typeof id === "string") facts.references.push({ field: "container", kind: "container", id });
  if (isObject(container)) {
    price("container", "server_tool", "code_execution");
    facts.references.push(...skillsOf(container.skills));
  }
  return facts;
}

/** Skills of the provider account's own; those that Anthropic ships are everybody's. */
function skillsOf(value: JsonValue | undefined): ProviderReference[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((skill, index) => {
    if (!isObject(skill) || skill.type === "anthropic" || typeof skill.skill_id !== "string") return [];
    return [{ field: `container.skills[${index}].skill_id`, kind: "skill" as const, id: skill.skill_id }];
  });
}

function messagesSignals(field: (name: string) => JsonValue | undefined, messages: JsonValue[]): RequestSignals {
  const said = messages
    .filter(isObject)
    .map(({ role, content }): Said => ({ by: speakerOf(role), text: contentText(content) }));
  const tools = field("tools");
  const config = field("output_config");
  const effort = isObject(config) ? config.effort : undefined;
  return signalsOf([{ by: "instructions", text: contentText(field("system")) }, ...said], {
    tools: Array.isArray(tools) ? tools.length : 0,
    reasoningEffort: typeof effort === "string" ? effort : null,
  });
}
