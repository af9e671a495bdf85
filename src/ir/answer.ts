import type { JsonValue } from "../lib/json.ts";
import type { UpstreamFailure } from "./error.ts";
import type { Citation, NativeValue, ToolKind } from "./events.ts";
import type { Finish } from "./finish.ts";
import type { Loss } from "./loss.ts";
import type { Seal } from "./seal.ts";
import type { Usage } from "./usage.ts";

interface AnswerPartBase {
  seals: Seal[];
  itemId?: string;
}
export type AnswerPart =
  | (AnswerPartBase & { type: "text"; text: string; citations: Citation[]; logprobs: JsonValue[]; phase?: string })
  | (AnswerPartBase & { type: "reasoning"; form: "full" | "summary" | "redacted"; text: string; sections: string[] })
  | (AnswerPartBase & { type: "refusal"; text: string; logprobs: JsonValue[] })
  | (AnswerPartBase & {
      type: "tool-call";
      kind: ToolKind;
      id: string;
      name: string;
      arguments: string;
      namespace?: string;
    })
  | (AnswerPartBase & {
      type: "media";
      mediaType: string;
      base64: string;
      transcript?: string;
      native?: JsonValue;
    })
  | (AnswerPartBase & {
      type: "server-tool-result";
      toolId: string | null;
      name: string;
      isError: boolean;
      native: NativeValue;
    })
  | (AnswerPartBase & { type: "native"; native: NativeValue });

export interface AnswerChoice {
  index: number;
  /** In order of part index. */
  parts: AnswerPart[];
  finish: Finish | null;
  logprobs?: JsonValue;
  native?: JsonValue;
}

/** The whole answer: what a client gets as JSON. Always made by `foldEvents`, never by a dialect on its own. */
export interface Answer {
  id: string | null;
  model: string | null;
  created: number | null;
  choices: AnswerChoice[];
  usage: Usage | null;
  promptFeedback: { blockReason: string | null; native: JsonValue } | null;
  losses: Loss[];
  native: NativeValue | null;
  ended: boolean;
  error: UpstreamFailure | null;
}
