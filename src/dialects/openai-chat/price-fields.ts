import type { PriceField, ProviderReference } from "../dialect.ts";
import { isObject } from "../../lib/json.ts";
import { toolReferences } from "../shared/tool-references.ts";
import { isAbsent, optionalArray, optionalObject, optionalString, type Wire } from "../shared/fields.ts";
import { hostedTools, type MessageMedia } from "./input-bound.ts";

type Fields = (name: string) => Wire;

/** Tiers at the list price. */
const PLAIN_TIERS: ReadonlySet<string> = new Set(["auto", "default", "standard", "on_demand"]);
/** Hosted tools by their names in price rows. */
const HOSTED_TOOLS: ReadonlySet<string> = new Set(["web_search", "code_execution", "file_search", "browser_search"]);
/** OpenRouter's ways to another model or provider than the one that is paid for, its plugins, and Azure's retrieval. */
const DETOURS = ["models", "provider", "plugins", "fallbacks", "preset", "data_sources"];

/** Fields that change the price of the call: they pass only where the price row covers them. */
export function priceFields(field: Fields, media: MessageMedia): PriceField[] {
  const found: PriceField[] = [];
  const tier = optionalString(field("service_tier"), "service_tier");
  if (tier !== undefined && !PLAIN_TIERS.has(tier)) {
    found.push({ field: "service_tier", kind: "service_tier", value: tier });
  }
  if (isObject(field("web_search_options"))) {
    found.push({ field: "web_search_options", kind: "server_tool", value: "web_search" });
  }
  const search = field("search_parameters");
  if (isObject(search) && search["mode"] !== "off") {
    found.push({ field: "search_parameters", kind: "server_tool", value: "web_search" });
  }
  // Qwen's models at DashScope search when told so.
  if (field("enable_search") === true) {
    found.push({ field: "enable_search", kind: "server_tool", value: "web_search" });
  }
  const tools = optionalArray(field("tools"), "tools");
  for (const tool of tools === undefined ? [] : hostedTools(tools)) {
    const value = tool.name.replace(/^openrouter:/, "").replace(/_preview.*$/, "");
    found.push({ field: tool.field, kind: HOSTED_TOOLS.has(value) ? "server_tool" : "unknown_tool", value });
  }
  for (const name of DETOURS) {
    if (!isAbsent(field(name))) found.push({ field: name, kind: "unknown_tool", value: name });
  }
  addCacheFields(found, field, media);
  return found;
}

/** State at the provider that some compatible servers take in a chat call, by field. */
const STATE_FIELDS = [
  ["previous_response_id", "response"],
  ["conversation_id", "conversation"],
  ["thread_id", "thread"],
] as const;

/** Ids of things that the provider keeps; only their owner may use them. */
export function references(field: Fields, media: MessageMedia): ProviderReference[] {
  const found = [...media.references];
  for (const [name, kind] of STATE_FIELDS) {
    const id = field(name);
    if (typeof id === "string") found.push({ field: name, kind, id });
  }
  const tools = optionalArray(field("tools"), "tools");
  if (tools !== undefined) found.push(...toolReferences(tools));
  return found;
}

function addCacheFields(found: PriceField[], field: Fields, media: MessageMedia): void {
  for (const { field: path, ttl } of media.cacheTtls) found.push({ field: path, kind: "cache_ttl", value: ttl });
  for (const name of ["prompt_cache_options", "cache_control"]) {
    const ttl = optionalString(optionalObject(field(name), name)?.["ttl"], `${name}.ttl`);
    if (ttl !== undefined) found.push({ field: `${name}.ttl`, kind: "cache_ttl", value: ttl });
  }
}
