import { type AnswerSpec, eachPiece, fill, type FilledSpec, halves } from "./answer-spec.ts";
import { frame, type Handler, type Script, type Step } from "./script.ts";

const MODEL = "claude-test";

/** An Anthropic message as JSON. */
export function anthropicAnswer(answer: AnswerSpec = {}): Script {
  const spec = fill(answer, MODEL);
  const content: object[] = [];
  if (spec.reasoning !== null)
    content.push({ type: "thinking", thinking: spec.reasoning, signature: spec.signature ?? "sig-1" });
  if (spec.text !== "") content.push({ type: "text", text: spec.text, citations: null });
  for (const tool of spec.tools) {
    content.push({ type: "tool_use", id: tool.id, name: tool.name, input: JSON.parse(tool.arguments) as object });
  }
  return {
    headers: { "request-id": "req_upstream" },
    body: { ...message(spec), content, stop_reason: stopOf(spec), stop_sequence: null, usage: usageOf(spec) },
  };
}

/** An Anthropic message as a stream of named events. */
export function anthropicStream(answer: AnswerSpec = {}): Script {
  const spec = fill(answer, MODEL);
  const start = { ...message(spec), content: [], stop_reason: null, stop_sequence: null };
  const stream: Step[] = [
    event({ type: "message_start", message: { ...start, usage: { ...usageOf(spec), output_tokens: 1 } } }),
    event({ type: "ping" }),
  ];
  let index = 0;
  const block = (contentBlock: object, deltas: Step[]): void => {
    stream.push(event({ type: "content_block_start", index, content_block: contentBlock }), ...deltas);
    stream.push(event({ type: "content_block_stop", index }));
    index += 1;
  };
  const delta = (value: object): string => event({ type: "content_block_delta", index, delta: value });
  if (spec.reasoning !== null) {
    block({ type: "thinking", thinking: "", signature: "" }, [
      delta({ type: "thinking_delta", thinking: spec.reasoning }),
      delta({ type: "signature_delta", signature: spec.signature ?? "sig-1" }),
    ]);
  }
  if (spec.pieces.length > 0) {
    block(
      { type: "text", text: "" },
      eachPiece(spec, (text) => delta({ type: "text_delta", text })),
    );
  }
  for (const tool of spec.tools) {
    block(
      { type: "tool_use", id: tool.id, name: tool.name, input: {} },
      halves(tool.arguments).map((piece) => delta({ type: "input_json_delta", partial_json: piece })),
    );
  }
  const output = spec.usage === null ? {} : { usage: { output_tokens: spec.usage.output } };
  stream.push(event({ type: "message_delta", delta: { stop_reason: stopOf(spec), stop_sequence: null }, ...output }));
  stream.push(event({ type: "message_stop" }));
  return { stream };
}

/** Answers streams and JSON as asked. */
export const anthropicReply =
  (answer: AnswerSpec = {}): Handler =>
  (request) => {
    const spec = { model: request.model ?? MODEL, ...answer };
    return request.wantsStream ? anthropicStream(spec) : anthropicAnswer(spec);
  };

/** An error body in Anthropic's shape. */
export const anthropicError = (
  status: number,
  type: string,
  text = "scripted",
  headers: Record<string, string> = {},
): Script => ({
  status,
  headers,
  body: { type: "error", error: { type, message: text }, request_id: "req_upstream" },
});

const event = (data: { type: string; [field: string]: unknown }): string => frame(data, data.type);
const message = (spec: FilledSpec): object => ({ id: spec.id, type: "message", role: "assistant", model: spec.model });
const stopOf = (spec: FilledSpec): string => spec.finish ?? (spec.tools.length > 0 ? "tool_use" : "end_turn");

/** Anthropic's input_tokens leave cached ones out. */
function usageOf(spec: FilledSpec): object {
  const { usage } = spec;
  if (usage === null) return { input_tokens: 0, output_tokens: 0 };
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: usage.output,
    service_tier: "standard",
  };
}
