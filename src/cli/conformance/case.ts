import type { Ask, Mode, Speaker } from "./types.ts";
import type { Client } from "./wire.ts";

/** What a case is run with. */
export interface Bench {
  client: Client;
  speaker: Speaker;
  key: string;
  model: string;
}

export interface Case {
  name: string;
  /** `-`: one request that is neither. */
  modes: readonly (Mode | "-")[];
  /** Throws Mismatch or Undecided. */
  run(bench: Bench, mode: Mode): Promise<void>;
}

export const BOTH = ["json", "stream"] as const;

/** The request of the simplest case, which others reuse. */
export const plainAsk = (model: string): Ask => ({
  model,
  turns: [{ role: "user", text: "Reply with the single word: pong" }],
});
