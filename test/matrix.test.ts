/** Four client dialects × the kinds of providers × {JSON, stream}: every feature is carried or its loss is told; docs/dialects.md is the table. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DIALECT_IDS, type DialectId } from "../src/ir/dialect-id.ts";
import { answerOutcome, ANSWERS } from "./matrix/answers.ts";
import { type Outcome, outcomeOf, ownProvider, PROVIDERS } from "./matrix/carry.ts";
import { dialectsPage } from "./matrix/document.ts";
import { FEATURES } from "./matrix/features.ts";

/** Carried, or told with its field and reason, on the right side. */
function expectTold(outcome: Outcome, side: "request" | "answer"): void {
  if (outcome.kind === "silent") expect(outcome.body).toBe("carried, or reported as a loss");
  if (outcome.kind === "refused") expect(outcome.message).not.toBe("");
  if (outcome.kind !== "lost" && outcome.kind !== "partly") return;
  for (const loss of outcome.losses) {
    expect(loss.side).toBe(side);
    expect(loss.field).not.toBe("");
    expect(loss.reason).toMatch(/^\S.{5,}$/);
  }
}

for (const client of DIALECT_IDS)
  for (const provider of PROVIDERS)
    describe(`${client} → ${provider.kind}`, () => {
      for (const feature of Object.values(FEATURES).flat()) {
        if (feature.asked[client] === null) continue;
        test(feature.name, () => {
          const outcomes = [false, true].map((stream) => outcomeOf(feature, client, provider, stream));
          for (const outcome of outcomes) expectTold(outcome, "request");
          if (client === provider.dialect) expect(outcomes).toEqual([{ kind: "native" }, { kind: "native" }]);
          const [json, stream] = outcomes;
          expect(stream).toEqual(json as Outcome);
        });
      }
    });

describe("answers", () => {
  for (const client of DIALECT_IDS)
    for (const feature of ANSWERS)
      test(`${feature.name} for ${client}`, () => {
        const outcomes = [false, true].map((stream) => answerOutcome(feature, client, stream));
        for (const outcome of outcomes) expectTold(outcome, "answer");
        const [json, stream] = outcomes;
        expect(stream?.kind).toBe(json?.kind ?? "absent");
      });
});

test("docs/dialects.md tells what the code does (bun scripts/dialects.ts writes it)", () => {
  expect(readFileSync(join(import.meta.dir, "../docs/dialects.md"), "utf8")).toBe(dialectsPage());
});

test("a loss is told under the client's own name of the field", () => {
  const named = (name: string, client: DialectId, provider: DialectId): string[] => {
    const feature = Object.values(FEATURES)
      .flat()
      .find((item) => item.name === name);
    const outcome = feature === undefined ? null : outcomeOf(feature, client, ownProvider(provider), false);
    return outcome?.kind === "lost" || outcome?.kind === "partly" ? outcome.losses.map(({ field }) => field) : [];
  };
  expect(named("top_k", "gemini", "openai-chat")).toEqual(["generationConfig.topK"]);
  expect(named("stop sequences", "anthropic-messages", "openai-responses")).toEqual(["stop_sequences"]);
  expect(named("reasoning budget", "anthropic-messages", "openai-chat")).toEqual(["thinking.budget_tokens"]);
  expect(named("any JSON", "openai-responses", "anthropic-messages")).toEqual(["text.format"]);
  expect(named("verbosity", "openai-responses", "gemini")).toEqual(["text.verbosity"]);
});
