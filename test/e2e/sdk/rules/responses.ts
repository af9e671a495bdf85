import type { RecordedRequest } from "../../../support/upstream.ts";
import { Check, isJson, isObject, type JsonObject, list, text } from "./check.ts";

/** https://platform.openai.com/docs/api-reference/responses/create */
const FIELDS = (
  "model input instructions stream stream_options tools tool_choice parallel_tool_calls max_output_tokens max_tool_calls temperature top_p " +
  "text reasoning include store metadata user service_tier truncation previous_response_id conversation prompt client_metadata prompt_cache_key " +
  "prompt_cache_retention safety_identifier top_logprobs background context_management"
).split(" ");
/** https://platform.openai.com/docs/api-reference/responses/input-tokens */
const COUNTED =
  "model input instructions tools tool_choice parallel_tool_calls text reasoning truncation previous_response_id conversation personality".split(
    " ",
  );
const USER_PARTS = ["input_text", "input_image", "input_file", "input_audio"];
const ID_PREFIX: Record<string, string> = { message: "msg_", function_call: "fc_", reasoning: "rs_" };

/** What OpenAI's Responses endpoint would refuse. */
export function responsesRules(request: RecordedRequest): string[] {
  const check = new Check();
  const isCount = request.path.endsWith("/responses/input_tokens");
  check.that(isCount || request.path.endsWith("/responses"), `path ${request.path}`);
  check.that(request.headers["authorization"]?.startsWith("Bearer k-") === true, "credential");
  const body = request.json();
  check.only(body, isCount ? COUNTED : FIELDS, "body");
  const { input } = body;
  if (typeof input !== "string") checkInput(check, list(input));
  for (const tool of list(body["tools"])) {
    check.that(text(tool["type"]) !== "", "type of tool");
    if (tool["type"] !== "function") continue;
    check.that(/^[a-zA-Z0-9_-]{1,64}$/.test(text(tool["name"])), "name of tool");
    check.that(isObject(tool["parameters"]), "parameters of tool");
  }
  const format = isObject(body["text"]) && isObject(body["text"]["format"]) ? body["text"]["format"] : null;
  if (format !== null) {
    check.that(["text", "json_object", "json_schema"].includes(text(format["type"])), "text.format.type");
    if (format["type"] === "json_schema")
      check.that(text(format["name"]) !== "" && isObject(format["schema"]), "text.format");
  }
  return check.found;
}

function checkInput(check: Check, items: JsonObject[]): void {
  check.that(items.length > 0, "no input");
  const calls: string[] = [];
  const results: string[] = [];
  for (const [index, item] of items.entries()) {
    const where = `input[${index}]`;
    const type = text(item["type"]) || "message";
    const id = item["id"];
    if (id !== undefined && id !== null)
      check.that(text(id).startsWith(ID_PREFIX[type] ?? ""), `${where}: id ${text(id).slice(0, 12)} of ${type}`);
    if (type === "message") checkMessage(check, item, where);
    else if (type === "reasoning") {
      check.that(Array.isArray(item["summary"]), `${where}: summary`);
      check.that(items[index + 1] !== undefined, `${where}: reasoning without the item that must follow it`);
    } else if (type === "function_call") {
      check.that(text(item["name"]) !== "" && isJson(text(item["arguments"])), `${where}: name or arguments`);
      checkCallId(check, item, where);
      calls.push(text(item["call_id"]));
    } else if (type === "function_call_output") {
      checkCallId(check, item, where);
      check.that(calls.includes(text(item["call_id"])), `${where}: no call ${text(item["call_id"])}`);
      check.that(typeof item["output"] === "string" || Array.isArray(item["output"]), `${where}: output`);
      results.push(text(item["call_id"]));
    }
  }
  for (const call of calls) check.that(results.includes(call), `No tool output found for function call ${call}`);
}

function checkCallId(check: Check, item: JsonObject, where: string): void {
  const id = text(item["call_id"]);
  check.that(id.length > 0 && id.length <= 64, `${where}: call_id of ${id.length} characters`);
}

function checkMessage(check: Check, item: JsonObject, where: string): void {
  const role = text(item["role"]);
  check.that(["user", "assistant", "system", "developer"].includes(role), `${where}: role ${role}`);
  const { content } = item;
  if (typeof content === "string") return;
  check.that(Array.isArray(content) && content.length > 0, `${where}: content`);
  for (const part of list(content)) {
    const type = text(part["type"]);
    const allowed = role === "assistant" ? ["output_text", "refusal"] : USER_PARTS;
    check.that(allowed.includes(type), `${where}: ${type} in ${role}`);
    if (type === "input_image")
      check.that(
        /^(https?:|data:image\/)/.test(text(part["image_url"])) || text(part["file_id"]) !== "",
        `${where}: image`,
      );
  }
}
