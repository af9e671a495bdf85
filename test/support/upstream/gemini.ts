import { type AnswerSpec, eachPiece, fill, type FilledSpec } from "./answer-spec.ts";
import { frame, type GateStep, type Handler, isData, type Script, type Step } from "./script.ts";

const MODEL = "gemini-test";

/** A Gemini generateContent answer as JSON. */
export function geminiAnswer(answer: AnswerSpec = {}): Script {
  const spec = fill(answer, MODEL);
  const text = spec.text === "" ? [] : [{ text: spec.text }];
  return { body: chunk(spec, [...thoughts(spec), ...text, ...calls(spec)], true) };
}

/** A streamGenerateContent answer: SSE, or with `array` the JSON array that comes without `alt=sse`. */
export function geminiStream(answer: AnswerSpec & { array?: boolean } = {}): Script {
  const spec = fill(answer, MODEL);
  const objects: (object | GateStep)[] = [];
  for (const thought of thoughts(spec)) objects.push(chunk(spec, [thought], false));
  for (const step of eachPiece(spec, (text) => text)) {
    objects.push(isData(step) ? chunk(spec, [{ text: step }], false) : (step as GateStep));
  }
  objects.push(chunk(spec, spec.tools.length > 0 ? calls(spec) : [{ text: "" }], true));
  if (answer.array !== true) {
    // Google's frames end in CRLF.
    return { stream: objects.map((item) => ("gate" in item ? item : frame(item).replaceAll("\n", "\r\n"))) };
  }
  let lead = "[";
  const stream: Step[] = objects.map((item) => {
    if ("gate" in item) return item;
    const text = lead + JSON.stringify(item, null, 2);
    lead = "\n,\r\n";
    return text;
  });
  return { headers: { "content-type": "application/json" }, stream: [...stream, "\n]"] };
}

/** Answers generateContent and both forms of streamGenerateContent as asked. */
export const geminiReply =
  (answer: AnswerSpec = {}): Handler =>
  (request) => {
    const spec = { model: request.model ?? MODEL, ...answer };
    return request.wantsStream
      ? geminiStream({ ...spec, array: request.query.get("alt") !== "sse" })
      : geminiAnswer(spec);
  };

/** An error body in Google's shape. */
export const geminiError = (
  code: number,
  status: string,
  message = "scripted",
  headers: Record<string, string> = {},
): Script => ({
  status: code,
  headers,
  body: { error: { code, message, status, details: [] } },
});

function thoughts(spec: FilledSpec): object[] {
  return spec.reasoning === null ? [] : [{ text: spec.reasoning, thought: true }];
}

function calls(spec: FilledSpec): object[] {
  return spec.tools.map((tool, index) => ({
    functionCall: { name: tool.name, args: JSON.parse(tool.arguments) as object },
    ...(index === 0 && spec.signature !== null ? { thoughtSignature: spec.signature } : {}),
  }));
}

function chunk(spec: FilledSpec, parts: object[], last: boolean): object {
  return {
    candidates: [
      { content: { parts, role: "model" }, ...(last ? { finishReason: spec.finish ?? "STOP" } : {}), index: 0 },
    ],
    ...(spec.usage === null ? {} : { usageMetadata: usageOf(spec.usage, last) }),
    modelVersion: spec.model,
    responseId: spec.id,
  };
}

/** Gemini counts thoughts beside the candidates' tokens. */
function usageOf(usage: NonNullable<FilledSpec["usage"]>, last: boolean): object {
  return {
    promptTokenCount: usage.input,
    ...(last ? { candidatesTokenCount: usage.output - usage.reasoning } : {}),
    totalTokenCount: usage.input + (last ? usage.output : 0),
    ...(usage.cached > 0 ? { cachedContentTokenCount: usage.cached } : {}),
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
  };
}
