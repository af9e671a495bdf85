import type { JsonObject } from "../../lib/json.ts";
import { words } from "../../lib/words.ts";

/** Items of tools that OpenAI's side runs, with the name of the tool, which is also the name of its fee. */
const HOSTED_ITEMS: Readonly<Record<string, string>> = words({
  web_search_call: "web_search",
  file_search_call: "file_search",
  code_interpreter_call: "code_interpreter",
  image_generation_call: "image_generation",
  mcp_call: "mcp",
  mcp_list_tools: "mcp_list_tools",
  tool_search_call: "tool_search",
  tool_search_output: "tool_search",
  shell_call_output: "shell",
  program: "program",
  program_output: "program",
});

/** Items of built-in tools that the client has to run or to answer. */
const CLIENT_ITEMS: ReadonlySet<string> = new Set([
  "computer_call",
  "local_shell_call",
  "apply_patch_call",
  "mcp_approval_request",
]);

/** Tools with a price per call on OpenAI's price list. */
const FEE_TOOLS: ReadonlySet<string> = new Set(["web_search", "file_search", "code_interpreter", "image_generation"]);

export type ItemKind =
  | { kind: "message" | "reasoning" | "function" | "custom" | "image" | "client" | "unknown" }
  | { kind: "hosted"; name: string };

/** What an output item is, by its type; for calls that either side may run, by its `execution`. */
export function kindOfItem(item: JsonObject): ItemKind {
  const type = String(item["type"]);
  if (type === "message" || type === "reasoning") return { kind: type };
  if (type === "function_call") return { kind: "function" };
  if (type === "custom_tool_call") return { kind: "custom" };
  if (type === "image_generation_call" && typeof item["result"] === "string" && item["result"] !== "") {
    return { kind: "image" };
  }
  if (CLIENT_ITEMS.has(type)) return { kind: "client" };
  if (type === "tool_search_call" && item["execution"] === "client") return { kind: "client" };
  if (type === "shell_call") return isContainer(item) ? { kind: "hosted", name: "shell" } : { kind: "client" };
  const name = HOSTED_ITEMS[type];
  return name === undefined ? { kind: "unknown" } : { kind: "hosted", name };
}

/** A shell call with a container reference runs at OpenAI's side, any other one at the client's. */
function isContainer(item: JsonObject): boolean {
  const environment = item["environment"];
  return typeof environment === "object" && environment !== null && "container_id" in environment;
}

/** Name of the fee that one finished item of this type costs, null when it costs none. An opened page is no search. */
export function feeOfItem(item: JsonObject): string | null {
  const name = HOSTED_ITEMS[String(item["type"])];
  if (name === undefined || !FEE_TOOLS.has(name)) return null;
  const action = item["action"];
  const isSearch = typeof action !== "object" || action === null || !("type" in action) || action["type"] === "search";
  return name === "web_search" && !isSearch ? null : name;
}
