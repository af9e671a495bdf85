import type { JsonValue } from "../lib/json.ts";
import type { DialectId } from "./dialect-id.ts";
import type { UpstreamFailure } from "./error.ts";
import type { Finish } from "./finish.ts";
import type { Loss } from "./loss.ts";
import type { Seal } from "./seal.ts";
import type { Usage } from "./usage.ts";

export type ToolKind = "function" | "custom" | "server";

/** A source that the text leans on: annotation, citation, grounding chunk. Offsets are UTF-16 units into the part's text. */
export interface Citation {
  kind: "url" | "document" | "search-result" | "file" | "native";
  url?: string;
  title?: string;
  quotedText?: string;
  start?: number;
  end?: number;
  fileId?: string;
  /** The dialect's own object, given back verbatim to a client of that dialect. */
  native?: { origin: DialectId; value: JsonValue };
}

interface PartAddress {
  /** Index of the choice (`n`, candidates), from 0. */
  choice: number;
  /** Index of the part within its choice, from 0, in order of appearance. Never reused. */
  part: number;
}

/**
 * The answer as events: the one form in which a response exists. Order per choice: (start delta* seal? citation* end)* message-end;
 * `usage` may come at any time and the last one counts; `response-end` is last, unless `error` is.
 * Parts of one choice may interleave (Responses streams do), so every event names its part.
 */
export type IrEvent =
  | { type: "message-start"; id: string | null; model: string | null; created: number | null }
  | ({ type: "text-start"; itemId?: string; phase?: string } & PartAddress)
  | ({ type: "text-delta"; text: string; logprobs?: JsonValue } & PartAddress)
  | ({ type: "reasoning-start"; form: "full" | "summary" | "redacted"; itemId?: string } & PartAddress)
  | ({ type: "reasoning-delta"; text: string; section?: number } & PartAddress)
  | ({ type: "refusal-start"; itemId?: string } & PartAddress)
  | ({ type: "refusal-delta"; text: string; logprobs?: JsonValue } & PartAddress)
  | ({
      type: "tool-start";
      kind: ToolKind;
      id: string;
      name: string;
      itemId?: string;
      namespace?: string;
    } & PartAddress)
  | ({ type: "arguments-delta"; text: string } & PartAddress)
  | ({ type: "media-start"; mediaType: string; itemId?: string; transcript?: string; native?: JsonValue } & PartAddress)
  /** `transcript`: what is said in the audio, where it comes piece by piece. */
  | ({ type: "media-delta"; base64: string; transcript?: string } & PartAddress)
  | ({
      type: "server-tool-result";
      toolId: string | null;
      name: string;
      isError: boolean;
      native: NativeValue;
    } & PartAddress)
  | ({ type: "native-part"; native: NativeValue } & PartAddress)
  | ({ type: "citation"; citation: Citation } & PartAddress)
  | ({ type: "part-seal"; seal: Seal } & PartAddress)
  | ({ type: "part-end" } & PartAddress)
  | { type: "prompt-feedback"; blockReason: string | null; native: JsonValue }
  | { type: "usage"; usage: Usage; final: boolean }
  | { type: "message-end"; choice: number; finish: Finish; logprobs?: JsonValue; native?: JsonValue }
  | { type: "answer-loss"; loss: Loss }
  /** Names something that the provider keeps as soon as the client may have read of it; what it is part of comes in another event. */
  | { type: "provider-state"; native: NativeValue }
  | { type: "response-end"; native?: NativeValue }
  | { type: "error"; error: UpstreamFailure };

/** A value of one dialect that has no common meaning; carried verbatim to the same dialect, a loss elsewhere. */
export interface NativeValue {
  origin: DialectId;
  value: JsonValue;
  /** Of a kind that its own dialect doesn't document: the client may mean anything by it. */
  unknown?: true;
}

export type Emit = (event: IrEvent) => void;
export type IrEventOf<T extends IrEvent["type"]> = Extract<IrEvent, { type: T }>;

/** Content is what a client pays for; starts, comments and keep-alives are not content (design: Delivered). */
export function isContent(event: IrEvent): boolean {
  switch (event.type) {
    case "text-delta":
    case "reasoning-delta":
    case "refusal-delta":
      return event.text !== "";
    case "tool-start":
    case "arguments-delta":
    case "media-start":
    case "media-delta":
    case "server-tool-result":
    case "native-part":
    case "part-seal":
      return true;
    default:
      return false;
  }
}
