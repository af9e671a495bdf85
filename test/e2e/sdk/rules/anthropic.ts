import type { RecordedRequest } from "../../../support/upstream.ts";
import { Check, isBase64, isObject, type JsonObject, list, text } from "./check.ts";

/** https://docs.claude.com/en/api/messages */
const FIELDS = (
  "model messages max_tokens system stream stop_sequences temperature top_p top_k tools tool_choice thinking metadata service_tier cache_control " +
  "container mcp_servers context_management output_config output_format inference_geo speed"
).split(" ");
const BLOCKS = [
  "text",
  "image",
  "document",
  "tool_use",
  "tool_result",
  "thinking",
  "redacted_thinking",
  "search_result",
  "server_tool_use",
];

/** What Anthropic's Messages endpoint would refuse. */
export function anthropicRules(request: RecordedRequest): string[] {
  const check = new Check();
  const isCount = request.path.endsWith("/count_tokens");
  check.that(isCount || request.path.endsWith("/v1/messages"), `path ${request.path}`);
  check.that(request.headers["x-api-key"]?.startsWith("k-") === true, "credential");
  check.that(/^20\d\d-\d\d-\d\d$/.test(request.headers["anthropic-version"] ?? ""), "anthropic-version");
  const body = request.json();
  check.only(body, FIELDS, "body");
  if (!isCount) check.that(Number.isInteger(body["max_tokens"]) && Number(body["max_tokens"]) >= 1, "max_tokens");
  checkMessages(check, list(body["messages"]), request.headers["anthropic-beta"] !== undefined);
  checkThinking(check, body);
  checkTools(check, body);
  if (request.headers["anthropic-version"] === "2026-10-21")
    for (const name of ["temperature", "top_p", "top_k"]) check.that(!(name in body), `${name} in this version`);
  return check.found;
}

const blocksOf = (message: JsonObject | undefined): JsonObject[] => {
  const content = message?.["content"];
  return typeof content === "string" ? [{ type: "text", text: content }] : list(content);
};

function checkMessages(check: Check, messages: JsonObject[], beta: boolean): void {
  check.that(messages[0]?.["role"] === "user", "the first message must be the user's");
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    check.only(message, ["role", "content"], where);
    const role = text(message["role"]);
    // Claude Code puts system messages between the turns; only a beta takes them.
    if (beta && index > 0 && role === "system") continue;
    check.that(role === "user" || role === "assistant", `${where}: role ${role}`);
    const previous = messages[index - 1];
    check.that(message["role"] !== previous?.["role"], `${where}: roles must alternate`);
    const blocks = blocksOf(message);
    check.that(blocks.length > 0, `${where}: no content`);
    for (const [at, block] of blocks.entries()) checkBlock(check, block, `${where}.content[${at}]`);
    checkResults(check, blocks, blocksOf(previous), where);
    const calls = blocks.filter((block) => block["type"] === "tool_use");
    check.that(calls.length === 0 || messages[index + 1] !== undefined, `${where}: tool_use without tool_result`);
  }
}

/** Every call of the message before has its result here, and the results come first. */
function checkResults(check: Check, blocks: JsonObject[], before: JsonObject[], where: string): void {
  const calls = before.filter((block) => block["type"] === "tool_use").map((block) => text(block["id"]));
  const results = blocks.filter((block) => block["type"] === "tool_result").map((block) => text(block["tool_use_id"]));
  check.that(
    calls.toSorted().join() === results.toSorted().join(),
    `${where}: results ${results.join()} of calls ${calls.join()}`,
  );
  const first = blocks.slice(0, results.length);
  check.that(
    first.every((block) => block["type"] === "tool_result"),
    `${where}: tool_result must come first`,
  );
}

function checkBlock(check: Check, block: JsonObject, where: string): void {
  const type = text(block["type"]);
  check.that(BLOCKS.includes(type), `${where}: type ${type}`);
  if (type === "text") check.that(text(block["text"]).trim() !== "", `${where}: text must be non-empty`);
  if (type === "thinking")
    check.that(text(block["signature"]) !== "" && typeof block["thinking"] === "string", `${where}: signature`);
  if (type === "tool_use")
    check.that(/^[a-zA-Z0-9_-]+$/.test(text(block["id"])) && isObject(block["input"]), `${where}: id or input`);
  if (type === "image" || type === "document") {
    const source = isObject(block["source"]) ? block["source"] : {};
    if (source["type"] === "base64") check.that(isBase64(text(source["data"])), `${where}: data`);
    check.that(["base64", "url", "file", "text", "content"].includes(text(source["type"])), `${where}: source`);
  }
}

/** https://docs.claude.com/en/docs/build-with-claude/extended-thinking */
function checkThinking(check: Check, body: JsonObject): void {
  const thinking = isObject(body["thinking"]) ? body["thinking"] : null;
  if (thinking === null || thinking["type"] === "disabled") return;
  check.that(body["temperature"] === undefined || body["temperature"] === 1, "temperature beside thinking");
  check.that(body["top_k"] === undefined, "top_k beside thinking");
  const choice = isObject(body["tool_choice"]) ? text(body["tool_choice"]["type"]) : "auto";
  check.that(choice === "auto" || choice === "none", "forced tool beside thinking");
  if (thinking["type"] !== "enabled") return;
  const budget = Number(thinking["budget_tokens"]);
  check.that(
    budget >= 1024 && budget < Number(body["max_tokens"]),
    `budget ${budget} of ${String(body["max_tokens"])}`,
  );
  const last = list(body["messages"]).findLast((message) => message["role"] === "assistant");
  const blocks = blocksOf(last);
  if (blocks.some((block) => block["type"] === "tool_use"))
    check.that(
      ["thinking", "redacted_thinking"].includes(text(blocks[0]?.["type"])),
      "Expected thinking before tool_use",
    );
}

function checkTools(check: Check, body: JsonObject): void {
  check.that(body["tools"] !== undefined || !("tool_choice" in body), "tool_choice without tools");
  for (const tool of list(body["tools"])) {
    check.that(/^[a-zA-Z0-9_-]{1,128}$/.test(text(tool["name"])), "name of tool");
    if (tool["type"] !== undefined && tool["type"] !== "custom") continue;
    check.that(isObject(tool["input_schema"]) && tool["input_schema"]["type"] === "object", "input_schema");
  }
}
