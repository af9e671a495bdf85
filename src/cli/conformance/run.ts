import type { Bench, Case } from "./case.ts";
import { chat } from "./chat.ts";
import { exchangeCases } from "./exchange-cases.ts";
import { failureCases } from "./failure-cases.ts";
import { gemini } from "./gemini.ts";
import { listCases } from "./list-cases.ts";
import { messages } from "./messages.ts";
import { responses } from "./responses.ts";
import { type CaseResult, Mismatch, type Mode, Undecided } from "./types.ts";
import { createClient } from "./wire.ts";

/** The rows of the matrix. */
const CASES: readonly Case[] = [...exchangeCases, ...failureCases, ...listCases];

export const SPEAKERS = [chat, responses, messages, gemini] as const;

export interface RunOptions {
  url: string;
  key: string;
  model: string;
  /** Ids of the dialects to run. */
  dialects: readonly string[];
  /** For one request. */
  timeoutMs: number;
}

/** Runs every case one after the other, so that what is found doesn't depend on what else runs. */
export async function runMatrix(options: RunOptions): Promise<CaseResult[]> {
  const client = createClient(options.url, options.timeoutMs);
  const results: CaseResult[] = [];
  for (const speaker of SPEAKERS.filter(({ id }) => options.dialects.includes(id))) {
    const bench: Bench = { client, speaker, key: options.key, model: options.model };
    for (const item of CASES) {
      for (const mode of item.modes) results.push(await runCase(item, bench, mode));
    }
  }
  return results;
}

async function runCase(item: Case, bench: Bench, mode: Mode | "-"): Promise<CaseResult> {
  const started = performance.now();
  const result = (outcome: CaseResult["outcome"], note: string | null): CaseResult => ({
    dialect: bench.speaker.id,
    mode,
    case: item.name,
    outcome,
    note,
    ms: Math.round(performance.now() - started),
  });
  try {
    await item.run(bench, mode === "-" ? "json" : mode);
    return result("ok", null);
  } catch (error) {
    if (error instanceof Mismatch) return result("fail", error.message);
    if (error instanceof Undecided) return result("skip", error.message);
    throw error;
  }
}
