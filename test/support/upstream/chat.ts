import { type AnswerSpec, eachPiece, fill, type FilledSpec, halves } from "./answer-spec.ts";
import { frame, type Handler, type Script, type Step } from "./script.ts";

const MODEL = "gpt-test";
const CREATED = 1_760_000_000;

/** An OpenAI chat completion as JSON. */
export function chatAnswer(answer: AnswerSpec = {}): Script {
  const spec = fill(answer, MODEL);
  const message = {
    role: "assistant",
    content: spec.text === "" && spec.tools.length > 0 ? null : spec.text,
    refusal: null,
    ...(spec.reasoning === null ? {} : { reasoning_content: spec.reasoning }),
    ...(spec.tools.length === 0 ? {} : { tool_calls: spec.tools.map((tool) => toolCall(tool)) }),
  };
  return {
    body: {
      id: spec.id,
      object: "chat.completion",
      created: CREATED,
      model: spec.model,
      choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(spec) }],
      ...(spec.usage === null ? {} : { usage: usageOf(spec.usage) }),
    },
  };
}

/** An OpenAI chat completion as a stream; the usage chunk comes only when `usageChunk` says so. */
export function chatStream(answer: AnswerSpec & { usageChunk?: boolean; done?: boolean } = {}): Script {
  const spec = fill(answer, MODEL);
  const chunk = (delta: object, finish: string | null = null): string =>
    frame({ ...chunkBase(spec), choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  const stream: Step[] = [chunk({ role: "assistant", content: spec.tools.length > 0 ? null : "", refusal: null })];
  if (spec.reasoning !== null) stream.push(chunk({ reasoning_content: spec.reasoning }));
  stream.push(...eachPiece(spec, (content) => chunk({ content })));
  for (const [index, tool] of spec.tools.entries()) {
    stream.push(chunk({ tool_calls: [{ index, ...toolCall({ ...tool, arguments: "" }) }] }));
    for (const piece of halves(tool.arguments)) {
      stream.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
    }
  }
  stream.push(chunk({}, finishOf(spec)));
  if (answer.usageChunk !== false && spec.usage !== null) {
    stream.push(frame({ ...chunkBase(spec), choices: [], usage: usageOf(spec.usage) }));
  }
  if (answer.done !== false) stream.push(frame("[DONE]"));
  return { stream };
}

/** Answers streams and JSON as asked; the usage chunk comes when `stream_options.include_usage` was sent. */
export const chatReply =
  (answer: AnswerSpec = {}): Handler =>
  (request) => {
    const spec = { model: request.model ?? MODEL, ...answer };
    const usageChunk = /"include_usage"\s*:\s*true/.test(request.text());
    return request.wantsStream ? chatStream({ ...spec, usageChunk }) : chatAnswer(spec);
  };

/** An error body in OpenAI's shape. */
export const chatError = (
  status: number,
  code: string | null,
  message = "scripted",
  headers: Record<string, string> = {},
): Script => ({
  status,
  headers,
  body: { error: { message, type: code ?? "invalid_request_error", param: null, code } },
});

const chunkBase = (spec: FilledSpec): object => ({
  id: spec.id,
  object: "chat.completion.chunk",
  created: CREATED,
  model: spec.model,
});
const toolCall = (tool: { id: string; name: string; arguments: string }): object => ({
  id: tool.id,
  type: "function",
  function: { name: tool.name, arguments: tool.arguments },
});
const finishOf = (spec: FilledSpec): string => spec.finish ?? (spec.tools.length > 0 ? "tool_calls" : "stop");

function usageOf(usage: NonNullable<FilledSpec["usage"]>): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0 },
  };
}
