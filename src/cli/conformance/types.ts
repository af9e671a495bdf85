import type { JsonObject, JsonValue } from "../../lib/json.ts";

/** How an answer is asked for. */
export type Mode = "json" | "stream";

export interface ToolCall {
  id: string;
  name: string;
  /** Parsed; null when it wasn't a JSON object. */
  arguments: JsonObject | null;
}

/** One turn of a conversation, in no dialect. `native` is the assistant's turn as the gateway gave it, to be sent back verbatim. */
export type Turn =
  | { role: "user"; text: string }
  | { role: "assistant"; native: JsonValue }
  | { role: "tool"; results: { call: ToolCall; text: string }[] };

/** What a case asks for, in no dialect. */
export interface Ask {
  model: string;
  turns: Turn[];
  tools?: { name: string; description: string; parameters: JsonObject }[];
  /** The model must call some tool. */
  mustCall?: boolean;
  /** JSON schema of the answer. */
  schema?: JsonObject;
}

/** An answer as a client of the dialect would understand it. */
export interface Reading {
  text: string;
  calls: ToolCall[];
  /** The dialect's own word for why it ended. */
  finish: string;
  usage: { input: number; output: number } | null;
  /** The assistant's turn, for `Turn.native`. */
  native: JsonValue;
}

/** One server-sent event, or one element of a JSON array. */
export interface Frame {
  event: string | null;
  data: string;
}

/** One client dialect: how it asks and how it reads. Throws Mismatch where an answer isn't what the dialect promises. */
export interface Speaker {
  id: string;
  authorization(key: string): Record<string, string>;
  path(model: string, mode: Mode): string;
  body(ask: Ask, mode: Mode): JsonObject;
  readJson(body: JsonObject): Reading;
  readStream(frames: Frame[]): Reading;
  /** Checks the shape of an error body; gives the machine code it carries. */
  readError(body: JsonObject, status: number): string;
  /** The body without what the dialect requires: its list of turns. */
  withoutTurns(model: string): JsonObject;
  /** The dialect's words for an answer that ended by itself, and for one that ended in tool calls. */
  finishes: { text: readonly string[]; tools: readonly string[] };
  list: { path: string; headers: Record<string, string>; ids(body: JsonObject): string[] };
  /** Null where the dialect has no such operation. */
  count: { path(model: string): string; body(ask: Ask): JsonObject; tokens(body: JsonObject): number } | null;
}

/** An answer that breaks a promise of the dialect. The message says what was found. */
export class Mismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Mismatch";
  }
}

/** A case that can't be judged by this answer, such as a model that made one call where two were allowed. */
export class Undecided extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Undecided";
  }
}

export type Outcome = "ok" | "fail" | "skip";

export interface CaseResult {
  dialect: string;
  mode: Mode | "-";
  case: string;
  outcome: Outcome;
  /** Why not ok. */
  note: string | null;
  ms: number;
}
