import { createHash } from "node:crypto";
import type { TargetFacts } from "../../ir/target.ts";
import type { Emit, IrEvent } from "../../ir/events.ts";
import type { Seal } from "../../ir/seal.ts";
import type { JsonValue } from "../../lib/json.ts";

/** What all choices of one answer share: where events go, who made them, what was seen. */
export class AnswerState {
  readonly target: TargetFacts;
  emit: Emit = () => undefined;
  /** The frame at hand brought content. */
  hasContent = false;
  /** Id of the answer, from which ids are made for tool calls that have none. */
  id = "";
  /** Uses of hosted tools that the answer shows. */
  readonly fees: Record<string, number> = {};

  constructor(target: TargetFacts) {
    this.target = target;
  }

  content(event: IrEvent): void {
    this.hasContent = true;
    this.emit(event);
  }

  lose(field: string, reason: string): void {
    this.emit({ type: "answer-loss", loss: { field, reason, side: "answer" } });
  }

  /** Opaque state of this provider. `value` is the JSON of what it wants back, or the text itself for signatures. */
  seal(kind: Seal["kind"], value: string): Seal {
    const { provider, realm, upstreamModel: model } = this.target;
    return { origin: "openai-chat", kind, provider, realm, model, value };
  }

  /** An id for a tool call that came without one: the same stream always gives the same. */
  toolId(choice: number, call: number): string {
    const digest = createHash("sha256").update(`${this.id} ${choice} ${call}`).digest("hex").slice(0, 24);
    return `call_${digest}`;
  }
}

/** Text of a value that should be a string: objects (some servers send arguments as such) become their JSON. */
export function jsonText(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
