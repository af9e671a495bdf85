/**
 * Measures the token estimates against the usage that providers reported in the recorded exchanges beside the checkout, and prints the
 * tables of docs/tokens.md. Run it after a change of FAMILY_FACTS, of tokenx or of the recordings: `bun scripts/calibrate-tokens.ts [--write]`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIALECTS } from "../src/dialects/index.ts";
import type { Dialect } from "../src/dialects/dialect.ts";
import { countableInput } from "../src/gateway/request-text.ts";
import type { Answer } from "../src/ir/answer.ts";
import { DecodeError, GatewayError } from "../src/ir/error.ts";
import { AnswerFold } from "../src/ir/fold.ts";
import { createSealBox } from "../src/ir/seal-box.ts";
import { DEFAULT_COMPAT, type TargetFacts } from "../src/ir/target.ts";
import { totalInput } from "../src/ir/usage.ts";
import { isObject, parseJson } from "../src/lib/json.ts";
import { countText, DeltaCounter, FAMILIES, requestOverhead, type TokenFamily } from "../src/tokens/count.ts";
import { JsonArrayReader } from "../src/wire/json-array.ts";
import { SseReader } from "../src/wire/sse.ts";
import { type FixtureCase, loadCases } from "../test/support/fixtures.ts";

const DOCUMENT = join(import.meta.dir, "../docs/tokens.md");
/** Shorter texts say more of rounding than of tokenizers. */
const LEAST_TOKENS = 20;

interface Sample {
  id: string;
  family: TokenFamily;
  actual: number;
  estimate: number;
}

const NAMES: Readonly<Record<string, keyof typeof DIALECTS>> = {
  "openai-chat": "openai-chat",
  "openai-responses": "openai-responses",
  "anthropic-messages": "anthropic-messages",
  "gemini-generate": "gemini",
};

/** Whose tokenizer counted: told by the recording's provider, and by the model where a provider resells others'. */
function familyOfCase(item: FixtureCase): TokenFamily {
  const text = `${item.provider} ${item.model}`.toLowerCase();
  if (/claude|^anthropic/.test(text)) return "anthropic";
  if (/gemini|^google|^vertex/.test(text)) return "gemini";
  return /^(openai|azure|copilot|chatgpt-codex) |gpt-[345]|\bo[134]\b/.test(text) && !text.includes("oss")
    ? "openai"
    : "other";
}

function factsOf(item: FixtureCase, dialect: Dialect): TargetFacts {
  return {
    dialect: dialect.id,
    provider: item.provider,
    realm: item.provider,
    upstreamModel: item.model,
    capabilities: new Set(),
    flags: { sampling: true, thinking: null, prefill: true, maxTokensField: null },
    maxOutput: null,
    compat: DEFAULT_COMPAT,
  };
}

/** The recorded answer, decoded as the gateway does. */
function answerOf(item: FixtureCase, dialect: Dialect): Answer {
  const fold = new AnswerFold();
  const options = { target: factsOf(item, dialect) };
  if (item.kind === "json") {
    dialect.decodeAnswer(parseJson(new TextDecoder().decode(item.body())), options, (event) => fold.push(event));
    return fold.answer;
  }
  const reader =
    item.kind === "sse" ? new SseReader({ maxFrameBytes: 1e8 }) : new JsonArrayReader({ maxFrameBytes: 1e8 });
  const decoder = dialect.createDecoder(options);
  for (const frame of [...reader.push(item.body()), ...reader.end()]) {
    if (!frame.isComment) decoder.push(frame.frame, (event) => fold.push(event));
  }
  decoder.end((event) => fold.push(event));
  return fold.answer;
}

/** Output whose every token is visible: text and tool calls, reasoning only where the provider counts it apart. */
function outputSample(item: FixtureCase, answer: Answer): Sample | null {
  const family = familyOfCase(item);
  const counter = new DeltaCounter(family);
  const { usage } = answer;
  if (usage === null || answer.error !== null || answer.choices.length !== 1) return null;
  for (const part of answer.choices[0]?.parts ?? []) {
    if (part.type === "text" || part.type === "refusal") counter.add(part.text);
    else if (part.type === "tool-call" && part.kind !== "server") {
      counter.startTool(part.name);
      counter.add(part.arguments);
    } else if (part.type !== "reasoning" || !usage.reasoningKnown) return null;
  }
  const actual = usage.tokens.output ?? 0;
  return actual < LEAST_TOKENS ? null : { id: item.id, family, actual, estimate: counter.tokens() };
}

/** Input without media and server tools, counted as the gateway counts it before a provider has told. */
function inputSample(item: FixtureCase, dialect: Dialect, answer: Answer): Sample | null {
  const body = item.request();
  if (!isObject(body) || answer.usage === null) return null;
  const route = { model: item.model, stream: null, sse: true, headers: {} };
  const request = dialect.decodeRequest(body, { route, seals: createSealBox(new Uint8Array(32), "calibration") });
  const { texts, mediaTokens, turns } = countableInput(request);
  if (mediaTokens > 0 || request.tools.some((tool) => tool.kind === "server")) return null;
  const family = familyOfCase(item);
  const actual = totalInput(answer.usage);
  const overhead = requestOverhead(family, turns, request.tools.length > 0);
  const estimate = countText(texts.join("\n"), family) + overhead;
  return actual < LEAST_TOKENS ? null : { id: item.id, family, actual, estimate };
}

function collect(): { output: Sample[]; input: Sample[]; skipped: number } {
  const output: Sample[] = [];
  const input: Sample[] = [];
  let skipped = 0;
  for (const item of loadCases()) {
    const name = NAMES[item.dialect];
    if (name === undefined || item.status !== 200) continue;
    const dialect = DIALECTS[name];
    try {
      const answer = answerOf(item, dialect);
      const samples = [outputSample(item, answer), inputSample(item, dialect, answer)] as const;
      if (samples[0] !== null) output.push(samples[0]);
      if (samples[1] !== null) input.push(samples[1]);
    } catch (error) {
      // Recordings of errors and of requests that the gateway refuses measure nothing.
      if (!(error instanceof DecodeError || error instanceof GatewayError || error instanceof SyntaxError)) throw error;
      skipped += 1;
    }
  }
  return { output, input, skipped };
}

const percent = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value * 100).toFixed(1)} %`;

function row(family: TokenFamily, samples: Sample[]): string {
  const own = samples.filter((sample) => sample.family === family);
  if (own.length === 0) return `| ${family} | 0 | | | |`;
  const actual = own.reduce((sum, sample) => sum + sample.actual, 0);
  const estimate = own.reduce((sum, sample) => sum + sample.estimate, 0);
  const errors = own.map((sample) => sample.estimate / sample.actual - 1).toSorted((a, b) => a - b);
  const at = (share: number): number => errors[Math.round((errors.length - 1) * share)] ?? 0;
  const spread = `${percent(at(0.1))} … ${percent(at(0.5))} … ${percent(at(0.9))}`;
  return `| ${family} | ${[own.length, actual, percent(estimate / actual - 1), spread].join(" | ")} |`;
}

function table(samples: Sample[]): string {
  const head = "| family | answers | tokens reported | error of the sum | error of one call (p10 … p50 … p90) |";
  return [head, "|---|---|---|---|---|", ...FAMILIES.map((family) => row(family, samples))].join("\n");
}

const { output, input, skipped } = collect();
const report = `### Output\n\n${table(output)}\n\n### Input\n\n${table(input)}\n\n${skipped} recordings left out: errors, or refused requests.\n`;
process.stdout.write(report);
if (process.argv.includes("--verbose")) {
  for (const sample of [...output, ...input]) process.stdout.write(`${JSON.stringify(sample)}\n`);
}
if (process.argv.includes("--write")) {
  const text = readFileSync(DOCUMENT, "utf8");
  const marked = `<!-- measured -->\n\n${report}\n<!-- /measured -->`;
  writeFileSync(
    DOCUMENT,
    text.replace(/<!-- measured -->[^]*<!-- \/measured -->/, () => marked),
  );
}
