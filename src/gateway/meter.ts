import type { IrEvent } from "../ir/events.ts";
import type { Finish } from "../ir/finish.ts";
import { emptyUsage, INPUT_CLASSES, type TokenCounts, type Usage } from "../ir/usage.ts";
import type { UsageSource } from "../ledger/types.ts";

/** Counts tokens of text that arrives in pieces; an estimate calibrated per model family (tokens/). */
export interface TextCounter {
  add(text: string): void;
  /** A tool call begins: its name, and the markers around it. */
  startTool(name: string): void;
  tokens(): number;
  /** UTF-16 units so far. */
  readonly characters: number;
}

export interface MeterFacts {
  newCounter(): TextCounter;
  /** Counts the input when the provider has not told; tokens. Called at most once. */
  countInput(): number;
}

/**
 * Watches the events of one attempt and knows at any time what the call has used so far. Holds counts and the text of deltas
 * that were not counted yet, never an answer.
 */
export class Meter {
  /** Last usage that the provider reported, null before. */
  reported: Usage | null = null;
  #reportedFinal = false;
  /** A finish of any choice has been seen: nothing but usage and terminal frames can follow for it. */
  finish: Finish | null = null;
  #output: TextCounter;
  #reasoning: TextCounter;
  #facts: MeterFacts;
  #counted: number | null = null;
  #mediaParts = 0;

  constructor(facts: MeterFacts) {
    this.#facts = facts;
    this.#output = facts.newCounter();
    this.#reasoning = facts.newCounter();
  }

  observe(event: IrEvent): void {
    switch (event.type) {
      case "text-delta":
      case "refusal-delta":
      case "arguments-delta":
        this.#output.add(event.text);
        return;
      case "reasoning-delta":
        this.#reasoning.add(event.text);
        return;
      case "tool-start":
        this.#output.startTool(event.name);
        return;
      case "media-start":
        this.#mediaParts += 1;
        return;
      case "usage":
        this.reported = event.usage;
        this.#reportedFinal = event.final;
        return;
      case "message-end":
        this.finish = event.finish;
        return;
      default:
    }
  }

  /** Usage of a call whose answer was complete: the provider's own final number, else a count. */
  complete(): { usage: Usage; source: UsageSource } {
    if (this.reported !== null && this.#reportedFinal) return { usage: this.reported, source: "provider" };
    return this.delivered();
  }

  /** UTF-16 units of text and arguments that came, reasoning left out. */
  get characters(): number {
    return this.#output.characters;
  }

  /** Usage of what has been handed over so far: all input, delivered output, and the reasoning reported or delivered by now. */
  delivered(): { usage: Usage; source: UsageSource } {
    const usage = emptyUsage();
    usage.tokens = this.#inputTokens();
    usage.variant = this.reported?.variant ?? {};
    usage.fees = this.reported?.fees ?? {};
    const output = this.#output.tokens();
    if (output > 0) usage.tokens.output = output;
    const reasoning = Math.max(this.reported?.tokens.reasoning ?? 0, this.#reasoning.tokens());
    if (reasoning > 0) {
      usage.tokens.reasoning = reasoning;
      usage.reasoningKnown = true;
    }
    if (this.#mediaParts > 0 && this.reported?.tokens.output_image !== undefined) {
      usage.tokens.output_image = this.reported.tokens.output_image;
    }
    return { usage, source: "counted" };
  }

  #inputTokens(): TokenCounts {
    const counts: TokenCounts = {};
    let any = false;
    for (const name of INPUT_CLASSES) {
      const tokens = this.reported?.tokens[name];
      if (tokens === undefined) continue;
      counts[name] = tokens;
      any = any || tokens > 0;
    }
    if (any) return counts;
    this.#counted ??= this.#facts.countInput();
    return { input: this.#counted };
  }
}
