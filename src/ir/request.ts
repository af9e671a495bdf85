import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { DialectId } from "./dialect-id.ts";
import type { Citation, NativeValue, ToolKind } from "./events.ts";
import type { Loss } from "./loss.ts";
import type { Seal } from "./seal.ts";

export type CacheTtl = "5m" | "30m" | "1h";
/** "cache everything up to and including this part". */
export interface CacheMark {
  ttl: CacheTtl;
}

export type MediaSource =
  | { kind: "inline"; mediaType: string; base64: string }
  | { kind: "url"; url: string; mediaType?: string }
  /** Provider-side file; `realm` null when it isn't known who holds it. */
  | { kind: "file"; id: string; origin: DialectId; realm: string | null; mediaType?: string };

interface PartBase {
  /** Where this part stood in the client's request, for losses and errors: `messages[1].content[0]`. */
  path: string;
  cache?: CacheMark;
  seal?: Seal;
  /** Provider-side item id (Responses), kept for the same dialect. */
  itemId?: string;
  /** Unknown sibling fields of the wire part, sent on only to the same dialect. */
  extras?: JsonObject;
}

export type Part =
  | (PartBase & { type: "text"; text: string; citations?: Citation[]; phase?: string })
  | (PartBase & { type: "refusal"; text: string })
  | (PartBase & {
      type: "media";
      kind: "image" | "audio" | "video" | "document";
      source: MediaSource;
      filename?: string;
      /** OpenAI image detail or Gemini media resolution. */
      detail?: string;
      title?: string;
      context?: string;
      citations?: boolean;
      /** Text form of a document (Anthropic `text` and `content` sources) instead of bytes. */
      text?: string;
    })
  | (PartBase & { type: "reasoning"; form: "full" | "summary" | "redacted"; text: string })
  | (PartBase & {
      type: "tool-call";
      kind: ToolKind;
      id: string;
      name: string;
      /** JSON text for functions (as the client sent it, may be invalid), free text for custom tools. */
      arguments: string;
      namespace?: string;
    })
  | (PartBase & {
      type: "tool-result";
      toolId: string;
      /** Name of the tool where it is known (Gemini needs it). */
      name: string | null;
      kind: ToolKind;
      content: Part[];
      isError: boolean;
    })
  | (PartBase & { type: "native"; native: NativeValue });

export type PartOf<T extends Part["type"]> = Extract<Part, { type: T }>;

/** Consecutive turns may have the same role; encoders merge where their dialect needs it. `system` and `developer` turns may stand anywhere. */
export interface Turn {
  role: "system" | "developer" | "user" | "assistant";
  name?: string;
  parts: Part[];
  path: string;
  extras?: JsonObject;
}

export interface Tool {
  kind: ToolKind;
  name: string;
  /** What it is called within its namespace (Responses), where another tool has that name, too. */
  localName?: string;
  description?: string;
  /** JSON Schema of the arguments; absent for custom and server tools. */
  schema?: JsonObject;
  strict?: boolean;
  cache?: CacheMark;
  /** Custom tool's input format (`text` or a grammar), or a server tool's own object. */
  native?: NativeValue;
  extras?: JsonObject;
  path: string;
}

export interface ToolChoice {
  mode: "auto" | "none" | "required" | "named" | "validated";
  /** `named`: exactly one; `required` / `auto`: the allowed subset, empty = all. */
  names: string[];
  /** null = the client did not say. */
  parallel: boolean | null;
}

export type OutputFormat =
  | { kind: "text" }
  | { kind: "json" }
  | { kind: "schema"; name: string; schema: JsonObject; strict: boolean | null; description?: string };

export interface ReasoningRequest {
  /** `off` = explicitly none. `adaptive` = the model decides. */
  mode: "off" | "on" | "adaptive";
  effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";
  /** Tokens; -1 = dynamic (Gemini). */
  budget?: number;
  /** Whether the thought text shall be shown, and how. */
  display?: "none" | "summary" | "full" | "auto" | "concise" | "detailed";
}

export interface Sampling {
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
}

/** A generate request in the form that every dialect decodes to and encodes from. Absent = the client did not say. */
export interface GenerateRequest {
  origin: DialectId;
  /** As the client wrote it. */
  model: string | null;
  stream: boolean;
  /** Leading system and developer instructions, in order. Later ones stand in `turns`. */
  system: Part[];
  turns: Turn[];
  tools: Tool[];
  toolChoice: ToolChoice | null;
  output: OutputFormat;
  sampling: Sampling;
  /** Output cap, tokens, reasoning inside. */
  maxOutput: number | null;
  stop: string[];
  n: number;
  reasoning: ReasoningRequest | null;
  logprobs: { top: number | null } | null;
  logitBias?: JsonObject;
  serviceTier: string | null;
  verbosity?: string;
  /** Modalities asked for, such as ["text", "audio"] or ["TEXT", "IMAGE"] in lower case. */
  modalities?: string[];
  audio?: JsonObject;
  prediction?: JsonValue;
  user?: string;
  metadata?: JsonObject;
  promptCacheKey?: string;
  /** Cache mark on the whole request (Anthropic top-level cache_control). */
  cache?: CacheMark;
  safety?: NativeValue;
  contextManagement?: NativeValue;
  /** The client wants a usage chunk of its own (chat `stream_options.include_usage`). */
  includeUsage: boolean;
  /** Unknown top-level fields, sent on only to the same dialect. */
  extras: { origin: DialectId; fields: JsonObject };
  /** Losses met while decoding: forged envelopes, fields that no dialect can carry. */
  losses?: Loss[];
}
