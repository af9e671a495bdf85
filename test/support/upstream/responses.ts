import { type AnswerSpec, eachPiece, fill, type FilledSpec, halves } from "./answer-spec.ts";
import { frame, type Handler, type Script, type Step } from "./script.ts";

const MODEL = "gpt-test";
const CREATED = 1_760_000_000;

/** An OpenAI response as JSON. */
export function responsesAnswer(answer: AnswerSpec = {}): Script {
  const spec = fill(answer, MODEL);
  return { body: response(spec, statusOf(spec), outputOf(spec)) };
}

/** An OpenAI response as a stream of typed events with sequence numbers. */
export function responsesStream(answer: AnswerSpec = {}): Script {
  const spec = fill(answer, MODEL);
  const writer = new EventWriter();
  writer.event("response.created", { response: response(spec, "in_progress", []) });
  writer.event("response.in_progress", { response: response(spec, "in_progress", []) });
  for (const [index, item] of outputOf(spec).entries()) {
    const at = { output_index: index, item_id: item.id };
    writer.event("response.output_item.added", { output_index: index, item: { ...item, ...opening(item.type) } });
    if (item.type === "message") writeText(writer, spec, at);
    if (item.type === "function_call") {
      for (const delta of halves(item.arguments ?? ""))
        writer.event("response.function_call_arguments.delta", { ...at, delta });
      writer.event("response.function_call_arguments.done", { ...at, arguments: item.arguments });
    }
    if (item.type === "reasoning") writeSummary(writer, spec, at);
    writer.event("response.output_item.done", { output_index: index, item });
  }
  const status = statusOf(spec);
  writer.event(`response.${status}`, { response: response(spec, status, outputOf(spec)) });
  return { stream: writer.steps };
}

/** Answers streams and JSON as asked. */
export const responsesReply =
  (answer: AnswerSpec = {}): Handler =>
  (request) => {
    const spec = { model: request.model ?? MODEL, ...answer };
    return request.wantsStream ? responsesStream(spec) : responsesAnswer(spec);
  };

class EventWriter {
  readonly steps: Step[] = [];
  #sequence = 0;
  text(type: string, fields: object): string {
    const text = frame({ type, sequence_number: this.#sequence, ...fields }, type);
    this.#sequence += 1;
    return text;
  }
  event(type: string, fields: object): void {
    this.steps.push(this.text(type, fields));
  }
}

function writeText(writer: EventWriter, spec: FilledSpec, at: object): void {
  const where = { ...at, content_index: 0 };
  const part = { type: "output_text", text: "", annotations: [], logprobs: [] };
  writer.event("response.content_part.added", { ...where, part });
  writer.steps.push(
    ...eachPiece(spec, (delta) => writer.text("response.output_text.delta", { ...where, delta, logprobs: [] })),
  );
  writer.event("response.output_text.done", { ...where, text: spec.text, logprobs: [] });
  writer.event("response.content_part.done", { ...where, part: { ...part, text: spec.text } });
}

function writeSummary(writer: EventWriter, spec: FilledSpec, at: object): void {
  const where = { ...at, summary_index: 0 };
  const text = spec.reasoning ?? "";
  writer.event("response.reasoning_summary_part.added", { ...where, part: { type: "summary_text", text: "" } });
  writer.event("response.reasoning_summary_text.delta", { ...where, delta: text });
  writer.event("response.reasoning_summary_text.done", { ...where, text });
  writer.event("response.reasoning_summary_part.done", { ...where, part: { type: "summary_text", text } });
}

interface OutputItem {
  id: string;
  type: "message" | "function_call" | "reasoning";
  arguments?: string;
  [field: string]: unknown;
}

function opening(type: OutputItem["type"]): object {
  if (type === "message") return { status: "in_progress", content: [] };
  return type === "function_call" ? { status: "in_progress", arguments: "" } : { summary: [] };
}

function outputOf(spec: FilledSpec): OutputItem[] {
  const items: OutputItem[] = [];
  if (spec.reasoning !== null) {
    const summary = [{ type: "summary_text", text: spec.reasoning }];
    items.push({
      id: "rs_1",
      type: "reasoning",
      summary,
      ...(spec.signature === null ? {} : { encrypted_content: spec.signature }),
    });
  }
  if (spec.pieces.length > 0) {
    const content = [{ type: "output_text", text: spec.text, annotations: [], logprobs: [] }];
    items.push({ id: "msg_1", type: "message", role: "assistant", status: "completed", content });
  }
  for (const [index, tool] of spec.tools.entries()) {
    const { id, name, arguments: text } = tool;
    items.push({
      id: `fc_${index + 1}`,
      type: "function_call",
      call_id: id,
      name,
      arguments: text,
      status: "completed",
    });
  }
  return items;
}

const statusOf = (spec: FilledSpec): string => spec.finish ?? "completed";

function response(spec: FilledSpec, status: string, output: OutputItem[]): object {
  const { usage } = spec;
  return {
    id: spec.id,
    object: "response",
    created_at: CREATED,
    status,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    model: spec.model,
    output,
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    usage:
      usage === null || status === "in_progress"
        ? null
        : {
            input_tokens: usage.input,
            input_tokens_details: { cached_tokens: usage.cached },
            output_tokens: usage.output,
            output_tokens_details: { reasoning_tokens: usage.reasoning },
            total_tokens: usage.input + usage.output,
          },
  };
}
