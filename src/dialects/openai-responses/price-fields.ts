import type { PriceField, ProviderReference } from "../dialect.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { optionalArray, optionalBoolean, optionalObject, optionalString, type Wire } from "../shared/fields.ts";
import { toolReferences } from "../shared/tool-references.ts";

type Fields = (name: string) => Wire;

/** Tools that the client runs: they cost nothing but their tokens. */
const CLIENT_TOOLS: ReadonlySet<string> = new Set([
  "function",
  "custom",
  "namespace",
  "local_shell",
  "apply_patch",
  "tool_search",
  "computer",
  "computer_use_preview",
]);
const HOSTED_TOOLS: ReadonlySet<string> = new Set([
  "web_search",
  "file_search",
  "code_interpreter",
  "image_generation",
  "mcp",
  "shell",
  "programmatic_tool_calling",
]);
/** Tiers at the list price. */
const PLAIN_TIERS: ReadonlySet<string> = new Set(["auto", "default"]);

/** Fields that change the price of the call: they pass only where the price row covers them. */
export function priceFields(field: Fields, tools: readonly JsonObject[]): PriceField[] {
  const found: PriceField[] = [];
  const tier = optionalString(field("service_tier"), "service_tier");
  if (tier !== undefined && !PLAIN_TIERS.has(tier))
    found.push({ field: "service_tier", kind: "service_tier", value: tier });
  if (optionalBoolean(field("background"), "background") === true) {
    found.push({ field: "background", kind: "background", value: "true" });
  }
  const cache = optionalObject(field("prompt_cache_options"), "prompt_cache_options");
  const ttl = optionalString(cache?.["ttl"], "prompt_cache_options.ttl");
  if (ttl !== undefined) found.push({ field: "prompt_cache_options.ttl", kind: "cache_ttl", value: ttl });
  for (const [index, tool] of tools.entries()) {
    const name = hostedName(tool);
    if (name === null) continue;
    const kind = HOSTED_TOOLS.has(name) ? "server_tool" : "unknown_tool";
    found.push({ field: `tools[${index}]`, kind, value: name });
  }
  return found;
}

/** The fee name of a tool that OpenAI's side runs: dated and preview types count as what they are. Null for tools of the client. */
function hostedName(tool: JsonObject): string | null {
  const type = String(tool["type"]);
  if (CLIENT_TOOLS.has(type)) return null;
  if (type === "shell") return isLocal(tool["environment"]) ? null : "shell";
  return type.replace(/_preview(_[0-9_]+)?$/, "").replace(/_[0-9]{4}_[0-9]{2}_[0-9]{2}$/, "");
}

function isLocal(environment: JsonValue | undefined): boolean {
  return !isObject(environment) || environment["type"] === "local";
}

/** Ids of things that the provider keeps; only their owner may use them. */
export function references(field: Fields, ofInput: readonly ProviderReference[]): ProviderReference[] {
  const found: ProviderReference[] = [...ofInput];
  const add = (path: string, kind: ProviderReference["kind"], id: JsonValue | undefined): void => {
    if (typeof id === "string") found.push({ field: path, kind, id });
  };
  add("previous_response_id", "response", optionalString(field("previous_response_id"), "previous_response_id"));
  const conversation = field("conversation");
  if (isObject(conversation)) add("conversation.id", "conversation", conversation["id"]);
  else add("conversation", "conversation", optionalString(conversation, "conversation"));
  add("prompt.id", "prompt", optionalObject(field("prompt"), "prompt")?.["id"]);
  return [...found, ...toolReferences(optionalArray(field("tools"), "tools") ?? [])];
}
