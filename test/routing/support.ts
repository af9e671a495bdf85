import type { Catalog } from "../../src/catalog/types.ts";
import { resolve } from "../../src/catalog/resolve.ts";
import type { Hints, RequestSignals } from "../../src/dialects/dialect.ts";
import { GatewayError } from "../../src/ir/error.ts";
import { operatorCredential } from "../../src/routing/credentials.ts";
import { BreakerHealth } from "../../src/routing/health.ts";
import { type PlanInput, planRoute } from "../../src/routing/plan.ts";
import type { Plan } from "../../src/routing/types.ts";

export const NOW = Date.UTC(2026, 10, 21);

export function newHealth(catalog: Catalog): BreakerHealth {
  return new BreakerHealth({ settings: () => catalog.routing.breaker, random: () => 0.5 });
}

export const shortQuestion: RequestSignals = {
  turns: 1,
  characters: 20,
  lastUserText: "What is a llama?",
  tools: 0,
  hasCode: false,
  reasoningEffort: null,
};

export function hints(change: Partial<Hints> = {}): Hints {
  return {
    model: null,
    stream: false,
    maxOutput: null,
    n: 1,
    needs: new Set(),
    input: { textBytes: 100, images: 0, audioBytes: 0, videoBytes: 0, documentBytes: 0, uncountable: false },
    includeUsage: false,
    priceFields: [],
    references: [],
    toolLoop: false,
    sealRealm: null,
    signals: () => shortQuestion,
    ...change,
  };
}

export type Ask = Partial<Omit<PlanInput, "catalog" | "resolution" | "hints">> & { hints?: Partial<Hints> };

/** A plan for a name, with the operator's keys unless told otherwise. */
export function plan(catalog: Catalog, name: string, ask: Ask = {}): Plan {
  const { hints: change, ...rest } = ask;
  return planRoute({
    catalog,
    resolution: resolve(catalog, name),
    hints: hints(change),
    operation: "generate",
    principal: { globs: [], ownProvidersOnly: false },
    credentials: (provider) => {
      const own = operatorCredential(provider);
      return own === null ? [] : [own];
    },
    clientDialect: "openai-chat",
    holdersOf: () => [],
    health: newHealth(catalog),
    now: NOW,
    ...rest,
  });
}

/** `provider/model`, in order. */
export const ways = (found: Plan): string[] => found.targets.map((item) => `${item.provider.name}/${item.model.id}`);

/** The refusal that planning ends in. */
export function refused(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("the plan was made, but a refusal was expected");
}
