import { createHash } from "node:crypto";
import type { DialectId } from "../../ir/dialect-id.ts";
import type { Loss } from "../../ir/loss.ts";
import type { CacheMark, GenerateRequest, OutputFormat, ReasoningRequest, Tool, ToolChoice } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import { customFormat, type Grammar } from "./custom-tool.ts";
import { schemaName } from "./openai-settings.ts";
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

  /** `tool_choice` as `spell` says it, and `parallel_tool_calls`. Without `tools` there is none: one that was to be forced is a loss then. */
  choice(request: GenerateRequest, tools: number, spell: (choice: ToolChoice) => JsonObject): JsonObject {
    const choice = request.toolChoice;
    if (choice === null) return {};
    if (tools > 0) return { ...spell(choice), ...this.#parallelCalls(choice) };
    if (choice.mode === "required" || choice.mode === "named") {
      this.lose("tool_choice", "there are no tools to choose from");
    }
    return {};
  }

  /** `parallel_tool_calls`, where the client said it and the provider knows it. */
  #parallelCalls(choice: ToolChoice): JsonObject {
    if (choice.parallel === null) return {};
    if (this.target.compat.parallel_tool_calls) return { parallel_tool_calls: choice.parallel };
    if (!choice.parallel) this.lose("parallel_tool_calls", "this provider can't be told to call one tool at a time");
    return {};
  }

  /** `format` of a free-form tool, a grammar as `spell` says it; one of another kind is a loss. */
  inputFormat(tool: Tool, spell: (grammar: Grammar) => JsonObject): JsonObject {
    if (tool.native === undefined) return {};
    const format = customFormat(tool);
    if (format === null) {
      this.lose(`${tool.path}.format`, `the input format is ${this.#notKnown}`);
      return {};
    }
    return { format: format.kind === "text" ? { type: "text" } : { type: "grammar", ...spell(format.grammar) } };
  }

  /** The schema that the answer is to hold to, for `place`; null, and a loss, where the provider holds to none. */
  answerSchema(output: OutputFormat & { kind: "schema" }, place: { format: string; name: string }): JsonObject | null {
    if (!this.target.compat.json_schema) {
      this.lose(place.format, "this provider holds to no schema; JSON is asked for without it");
      return null;
    }
    const name = schemaName(output.name);
    if (name !== output.name) this.lose(place.name, `the name is not allowed here; sent as ${name}`);
    const strict = this.strict(output.strict, output.schema, place.format);
    return {
      name,
      ...(output.description === undefined ? {} : { description: output.description }),
      schema: output.schema,
      ...(strict === null ? {} : { strict }),
    };
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
