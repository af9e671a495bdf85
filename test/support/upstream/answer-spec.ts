import { isData, type GateStep, type Step } from "./script.ts";

/** What a scripted model says; each dialect's builder writes it in its own wire format. */
export interface AnswerSpec {
  /** The text, or its pieces as they are streamed; gates may stand between the pieces. Default "Hello there". */
  text?: string | readonly (string | GateStep)[];
  /** Reasoning text before the answer, where the dialect shows it. */
  reasoning?: string;
  /** Anthropic signature, Gemini thoughtSignature, Responses encrypted_content of the reasoning. */
  signature?: string;
  tools?: readonly ToolCallSpec[];
  /** Tokens; all input and output, of which cached and reasoning. null = the answer tells no usage. */
  usage?: { input?: number; output?: number; cached?: number; reasoning?: number } | null;
  model?: string;
  id?: string;
  /** The dialect's own finish word, instead of the one that fits. */
  finish?: string;
}
export interface ToolCallSpec {
  id?: string;
  name: string;
  arguments?: object | string;
}

export interface FilledSpec {
  text: string;
  pieces: readonly (string | GateStep)[];
  reasoning: string | null;
  signature: string | null;
  tools: { id: string; name: string; arguments: string }[];
  usage: { input: number; output: number; cached: number; reasoning: number } | null;
  model: string;
  id: string;
  finish: string | null;
}

/** The spec with its defaults; text is "" when tools are called and no text was asked for. */
export function fill(spec: AnswerSpec, model: string): FilledSpec {
  const asked = spec.text ?? (spec.tools === undefined ? ["Hello", " there"] : []);
  const pieces = typeof asked === "string" ? [asked] : asked;
  const usage = { input: 11, output: 7, cached: 0, reasoning: 0 };
  return {
    text: pieces.filter((piece) => typeof piece === "string").join(""),
    pieces,
    reasoning: spec.reasoning ?? null,
    signature: spec.signature ?? null,
    tools: (spec.tools ?? []).map((tool, index) => ({
      id: tool.id ?? `call_${index + 1}`,
      name: tool.name,
      arguments: typeof tool.arguments === "string" ? tool.arguments : JSON.stringify(tool.arguments ?? {}),
    })),
    usage: spec.usage === null ? null : { ...usage, ...spec.usage },
    model: spec.model ?? model,
    id: spec.id ?? "answer-1",
    finish: spec.finish ?? null,
  };
}

/** Text pieces through `make`, gates as they are. */
export function eachPiece(spec: FilledSpec, make: (text: string) => Step): Step[] {
  return spec.pieces.map((piece) => (isData(piece) ? make(piece) : piece));
}

/** A text in two halves, as streams send arguments. */
export const halves = (text: string): string[] => {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((piece) => piece !== "");
};
