import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";
import { countText, firstTokens } from "../tokens/count.ts";
import { formatSse } from "../wire/sse.ts";

/** What echo says to a request. */
interface EchoAnswer {
  id: string;
  model: string;
  text: string;
  tool: { id: string; kind: "function" | "custom"; name: string } | null;
  finish: "stop" | "length" | "tool_calls";
  choices: number;
  usage: JsonObject;
}

const tokensOf = (text: string): number => countText(text, "openai");

/** Pieces that a streamed text is cut into at most. */
const MAX_PIECES = 256;
/** Said when there is no user text to repeat: an empty answer would count as a failure. */
const NOTHING_TO_ECHO = "There is no user text to echo.";

/** A chat completion. `created` is in Unix seconds. */
export function chatBody(request: JsonObject, created: number): JsonObject {
  const answer = compose(request);
  const message: JsonObject = {
    role: "assistant",
    content: answer.tool === null ? answer.text : null,
    refusal: null,
    ...(answer.tool === null ? {} : { tool_calls: [toolCall(answer.tool)] }),
  };
  return {
    id: answer.id,
    object: "chat.completion",
    created,
    model: answer.model,
    choices: indexes(answer).map((index) => ({ index, message, logprobs: null, finish_reason: answer.finish })),
    usage: answer.usage,
  };
}

/** The same answer as SSE frames, ended by `[DONE]`; usage comes in a chunk of its own when it was asked for. */
export function* chatFrames(request: JsonObject, created: number): Generator<string> {
  const answer = compose(request);
  const base = { id: answer.id, object: "chat.completion.chunk", created, model: answer.model };
  const frame = (choices: JsonValue[], extra: JsonObject = {}): string =>
    formatSse(null, JSON.stringify({ ...base, choices, ...extra }));
  const chunk = (index: number, delta: JsonObject, finish: string | null = null): string =>
    frame([{ index, delta, logprobs: null, finish_reason: finish }]);
  for (const index of indexes(answer))
    yield chunk(index, { role: "assistant", content: answer.tool === null ? "" : null });
  for (const index of indexes(answer)) {
    if (answer.tool !== null) yield chunk(index, { tool_calls: [{ index: 0, ...toolCall(answer.tool) }] });
    else for (const content of pieces(answer.text)) yield chunk(index, { content });
  }
  for (const index of indexes(answer)) yield chunk(index, {}, answer.finish);
  const options = request["stream_options"];
  if (isObject(options) && options["include_usage"] === true) yield frame([], { usage: answer.usage });
  yield formatSse(null, "[DONE]");
}

function compose(request: JsonObject): EchoAnswer {
  const messages = Array.isArray(request["messages"]) ? request["messages"] : [];
  const tool = forcedTool(request);
  const limited =
    tool === null ? limit(echoedText(request, messages), request) : { text: "", finish: "tool_calls" as const };
  const count = request["n"];
  const choices = typeof count === "number" && Number.isInteger(count) && count > 0 ? Math.min(count, 128) : 1;
  const prompt = tokensOf(messages.map((message) => messageText(message)).join("\n"));
  const output = choices * (tool === null ? tokensOf(limited.text) : tokensOf(tool.name) + 1);
  return {
    id: `chatcmpl-echo-${Bun.hash(JSON.stringify(messages)).toString(36)}`,
    model: typeof request["model"] === "string" ? request["model"] : "echo",
    text: limited.text,
    tool,
    finish: limited.finish,
    choices,
    usage: {
      prompt_tokens: prompt,
      completion_tokens: output,
      total_tokens: prompt + output,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  };
}

/** In the JSON modes the text is wrapped, so that what comes is JSON. */
function echoedText(request: JsonObject, messages: JsonValue[]): string {
  const last = messages.findLast((message) => isObject(message) && message["role"] === "user");
  const text = last === undefined ? "" : messageText(last);
  const format = request["response_format"];
  if (isObject(format) && format["type"] !== "text") return JSON.stringify({ echo: text });
  return text === "" ? NOTHING_TO_ECHO : text;
}

function messageText(message: JsonValue): string {
  const content = isObject(message) ? message["content"] : null;
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (isObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .filter((text) => text !== "")
    .join("\n");
}

/** Honours stop sequences and the output cap. */
function limit(text: string, request: JsonObject): { text: string; finish: "stop" | "length" } {
  const stop = request["stop"];
  let cut = text;
  for (const sequence of Array.isArray(stop) ? stop : [stop]) {
    if (typeof sequence === "string" && sequence !== "") cut = cut.split(sequence, 1)[0] ?? "";
  }
  const cap = request["max_completion_tokens"] ?? request["max_tokens"];
  if (typeof cap !== "number" || tokensOf(cut) <= cap) return { text: cut, finish: "stop" };
  return { text: firstTokens(cut, cap), finish: "length" };
}

/** The tool that `tool_choice` leaves no way around: the named one, or the first when one is required. */
function forcedTool(request: JsonObject): EchoAnswer["tool"] {
  const choice = request["tool_choice"];
  const [first] = Array.isArray(request["tools"]) ? request["tools"] : [];
  const named = choice === "required" ? first : choice;
  if (!isObject(named)) return null;
  const kind = named["type"] === "custom" ? "custom" : "function";
  const inner = named[kind];
  const name = isObject(inner) ? inner["name"] : null;
  return typeof name === "string" ? { id: `call_echo_${Bun.hash(name).toString(36)}`, kind, name } : null;
}

function toolCall(tool: NonNullable<EchoAnswer["tool"]>): JsonObject {
  const { id, kind, name } = tool;
  if (kind === "custom") return { id, type: "custom", custom: { name, input: "" } };
  return { id, type: "function", function: { name, arguments: "{}" } };
}

const indexes = (answer: EchoAnswer): number[] => Array.from({ length: answer.choices }, (_, index) => index);

/** The text word by word, in larger pieces when it is long. */
function pieces(text: string): string[] {
  const words = text.match(/\s*\S+|\s+$/g) ?? [];
  const size = Math.ceil(words.length / MAX_PIECES);
  const list: string[] = [];
  for (let start = 0; start < words.length; start += size) list.push(words.slice(start, start + size).join(""));
  return list;
}
