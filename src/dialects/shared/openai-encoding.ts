import { createHash } from "node:crypto";
import type { DialectId } from "../../ir/dialect-id.ts";
import type { Loss } from "../../ir/loss.ts";
import type { CacheMark, GenerateRequest, ReasoningRequest, ToolChoice } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import { strictViolation } from "./strict-schema.ts";

/** State of encoding one request in one of OpenAI's dialects: where it goes and what was lost on the way. */
export class OpenAiEncoding {
  readonly losses: Loss[] = [];
  readonly target: TargetFacts;
  readonly origin: DialectId;
  /** The client speaks this dialect too: fields that only it knows may be sent on. */
  readonly isOwn: boolean;
  readonly #notKnown: string;

  /** `notKnown`: the reason for losing what the dialect has no word for. */
  constructor(request: GenerateRequest, target: TargetFacts, dialect: DialectId, notKnown: string) {
    this.target = target;
    this.origin = request.origin;
    this.isOwn = request.origin === dialect;
    this.#notKnown = notKnown;
  }

  lose(field: string, reason: string): void {
    this.losses.push({ field, reason, side: "request" });
  }

  /** Unknown fields of a wire value go back to this dialect only; elsewhere each one is a loss. */
  extras(extras: JsonObject | undefined, path: string): JsonObject {
    if (extras === undefined) return {};
    if (this.isOwn) return extras;
    for (const name of Object.keys(extras)) this.lose(`${path}.${name}`, this.#notKnown);
    return {};
  }

  /**
   * `strict` as it can be asked for. Clients of this dialect wrote their schema for it; others may hold to a schema that is outside
   * OpenAI's strict subset, which the API would refuse: such a schema is sent as a guide only.
   */
  strict<T extends boolean | null>(strict: T, schema: JsonObject, path: string): T | false {
    if (strict !== true || this.isOwn) return strict;
    const violation = strictViolation(schema);
    if (violation === null) return strict;
    this.lose(`${path}.strict`, `the schema is outside the strict subset: ${violation}`);
    return false;
  }

  /** Prompts are cached without marks here: one of another dialect's is a loss, which changes nothing but the price. */
  loseMark(mark: CacheMark | undefined, path: string): void {
    if (mark === undefined) return;
    const field = path === "" ? "cache_control" : `${path}.cache_control`;
    this.lose(field, "prompts are cached automatically here, without marks");
  }

  /** False when there are no tools to choose from; a tool that was to be forced is a loss then. */
  canChoose(choice: ToolChoice | null, tools: number): choice is ToolChoice {
    if (choice === null || tools > 0) return choice !== null;
    const forced = choice.mode === "required" || choice.mode === "named";
    if (forced) this.lose("tool_choice", "there are no tools to choose from");
    return false;
  }

  /** `parallel_tool_calls`, where the client said it and the provider knows it. */
  parallelCalls(choice: ToolChoice): JsonObject {
    if (choice.parallel === null) return {};
    if (this.target.compat.parallel_tool_calls) return { parallel_tool_calls: choice.parallel };
    if (!choice.parallel) this.lose("parallel_tool_calls", "this provider can't be told to call one tool at a time");
    return {};
  }

  /** Anthropic's effort goes for the whole answer and can be asked for without thinking; here there is none beside "off". */
  loseEffort(reasoning: ReasoningRequest): void {
    if (reasoning.effort === undefined || reasoning.effort === "none") return;
    this.lose("reasoning.effort", "reasoning is off, and the effort can't be asked for without it");
  }
}

/** An id as it is, or `call_` and a digest of it when it is longer than the API takes. The same id always gives the same one. */
export function shortCallId(id: string, longest: number, digits: number): string {
  if (id.length <= longest) return id;
  return `call_${createHash("sha256").update(id).digest("hex").slice(0, digits)}`;
}
