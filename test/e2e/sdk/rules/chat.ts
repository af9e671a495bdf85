import type { RecordedRequest } from "../../../support/upstream.ts";
import { Check, isJson, isObject, type JsonObject, list, text } from "./check.ts";

/** https://platform.openai.com/docs/api-reference/chat/create */
const FIELDS = (
  "model messages stream stream_options tools tool_choice parallel_tool_calls response_format max_tokens max_completion_tokens temperature top_p n stop " +
  "seed frequency_penalty presence_penalty logprobs top_logprobs logit_bias user metadata store service_tier reasoning_effort verbosity " +
  "modalities audio prediction prompt_cache_key safety_identifier web_search_options functions function_call"
).split(" ");
/** `parsed` is what the SDK's stream helper leaves in the messages it gives. */
const MESSAGE_FIELDS = ["role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "parsed"];
const PARTS: Record<string, readonly string[]> = {
  user: ["text", "image_url", "input_audio", "file"],
  system: ["text"],
  developer: ["text"],
  assistant: ["text", "refusal"],
  tool: ["text"],
};
const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"];

/** What OpenAI's chat endpoint (`strict`), or a compatible server, would refuse. */
export function chatRules(request: RecordedRequest, options: { strict: boolean }): string[] {
  const check = new Check();
  check.that(request.path.endsWith("/chat/completions"), `path ${request.path}`);
  check.that(request.headers["authorization"]?.startsWith("Bearer k-") === true, "credential");
  const body = request.json();
  if (options.strict) check.only(body, FIELDS, "body");
  check.that(!("max_tokens" in body && "max_completion_tokens" in body), "both token caps");
  check.that(body["stream"] === true || !("stream_options" in body), "stream_options without stream");
  if (body["reasoning_effort"] !== undefined)
    check.that(EFFORTS.includes(text(body["reasoning_effort"])), "reasoning_effort");
  checkMessages(check, list(body["messages"]), options.strict);
  checkTools(check, body);
  checkFormat(check, body["response_format"]);
  return check.found;
}

function checkMessages(check: Check, messages: JsonObject[], strict: boolean): void {
  check.that(messages.length > 0, "no messages");
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    const role = text(message["role"]);
    if (strict) check.only(message, MESSAGE_FIELDS, where);
    check.that(role in PARTS, `${where}: role ${role}`);
    if (role === "tool") {
      const id = text(message["tool_call_id"]);
      check.that(open.includes(id), `${where}: result of ${id}, which is not open (${open.join()})`);
      open = open.filter((item) => item !== id);
    } else {
      check.that(open.length === 0, `${where}: calls ${open.join()} have no results`);
    }
    checkContent(check, message, role, where);
    if (role === "assistant") open = checkCalls(check, message, where);
  }
  check.that(open.length === 0, `calls ${open.join()} have no results`);
}

function checkContent(check: Check, message: JsonObject, role: string, where: string): void {
  const { content } = message;
  if (typeof content === "string") return;
  if (content === null || content === undefined) {
    check.that(
      role === "assistant" && (message["tool_calls"] ?? message["refusal"]) !== undefined,
      `${where}: no content`,
    );
    return;
  }
  check.that(Array.isArray(content) && content.length > 0, `${where}: content`);
  for (const part of list(content)) {
    const type = text(part["type"]);
    check.that(PARTS[role]?.includes(type) === true, `${where}: ${type} in ${role}`);
    if (type === "image_url") {
      const image = part["image_url"];
      check.that(
        isObject(image) && /^(https?:|data:image\/[a-z]+;base64,)/.test(text(image["url"])),
        `${where}: image_url`,
      );
    }
  }
}

function checkCalls(check: Check, message: JsonObject, where: string): string[] {
  const calls = list(message["tool_calls"]);
  check.that(message["tool_calls"] === undefined || calls.length > 0, `${where}: empty tool_calls`);
  return calls.map((call) => {
    const id = text(call["id"]);
    const named = isObject(call["function"]) ? call["function"] : {};
    check.that(id.length > 0 && id.length <= 64, `${where}: tool call id of ${id.length} characters`);
    check.that(call["type"] === "function", `${where}: type of call`);
    check.that(text(named["name"]) !== "", `${where}: name of call`);
    check.that(typeof named["arguments"] === "string" && isJson(named["arguments"]), `${where}: arguments`);
    return id;
  });
}

function checkTools(check: Check, body: JsonObject): void {
  check.that(body["tools"] === undefined || list(body["tools"]).length > 0, "empty tools");
  check.that(body["tools"] !== undefined || !("tool_choice" in body), "tool_choice without tools");
  check.that(body["tools"] !== undefined || !("parallel_tool_calls" in body), "parallel_tool_calls without tools");
  for (const tool of list(body["tools"])) {
    const named = isObject(tool["function"]) ? tool["function"] : {};
    check.that(tool["type"] === "function", "type of tool");
    check.that(/^[a-zA-Z0-9_-]{1,64}$/.test(text(named["name"])), "name of tool");
    check.that(named["parameters"] === undefined || isObject(named["parameters"]), "parameters of tool");
  }
}

function checkFormat(check: Check, format: unknown): void {
  if (format === undefined) return;
  const value = isObject(format) ? format : {};
  check.that(["text", "json_object", "json_schema"].includes(text(value["type"])), "response_format.type");
  if (value["type"] !== "json_schema") return;
  const schema = isObject(value["json_schema"]) ? value["json_schema"] : {};
  check.that(/^[a-zA-Z0-9_-]{1,64}$/.test(text(schema["name"])), "json_schema.name");
  check.that(isObject(schema["schema"]), "json_schema.schema");
}
