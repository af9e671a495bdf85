/** What a hold without its call leaves behind: the sums, the receipt's line and the audit record. */
import { describe, expect, test } from "bun:test";
import { auditTokens } from "../../src/ledger/audit-money.ts";
import { recoverHold } from "../../src/ledger/recover.ts";
import { LedgerState } from "../../src/ledger/state.ts";
import type { StoredCheckpoint, StoredHold } from "../../src/ledger/storage.ts";
import { usage } from "./price-support.ts";

const CREATED = Date.UTC(2026, 10, 21, 12);
const context = {
  operation: "image",
  endpoint: "/v1/images",
  dialect: "openai-chat",
  model_asked: "asked",
  model: "served",
  provider: "p",
  tier: "paid",
  route_reason: "word",
  stream: true,
};
const stored: StoredHold = {
  id: 7,
  requestId: "req_1",
  accountId: "a",
  keyId: "k",
  amount: 1_000_000_000n,
  parts: [{ book: 1, amount: 1_000_000_000n }],
  createdAt: CREATED,
  month: "2026-11",
  free: false,
  message: null,
  pin: { priceVersion: "m@1", markupPercent: "30", fx: "4.4" },
  context,
  checkpoint: null,
};
const checkpoint: StoredCheckpoint = {
  usage: usage({ input: 10, cached_input: 5, output: 50 }),
  source: "counted",
  charge: 572_000_000n,
};

function recovered(more: Partial<StoredHold>, end: "recovered" | "expired" = "recovered", now = CREATED + 2_500) {
  const books = [{ id: 1, name: "wallet:a", posted: 2_000_000_000n, held: 0n }];
  const openHolds = [{ ...stored, ...more }];
  const state = new LedgerState({ books, grants: [], terms: [], openHolds, nextHoldId: 8, nextCreditId: 1 }, () => 0n);
  const hold = state.holds.get(7);
  if (hold === undefined) throw new Error("no hold");
  return recoverHold(state, hold, { now, currency: "MYR", reason: "the process ended", end });
}

describe("at its last checkpoint", () => {
  test("is charged, with one line for all, and costs by the pinned markup and rate", () => {
    const { outcome, audit, money } = recovered({ checkpoint });
    expect(outcome).toMatchObject({ state: "settled", charged: 572_000_000n, absorbed: 0n, extended: 0n });
    expect(outcome.detail).toMatchObject({ source: "counted", priceVersion: "m@1", basis: null });
    expect(outcome.detail.reason).toBe("the process ended; settled at the last checkpoint");
    expect(outcome.detail.lines).toEqual([
      {
        kind: "call",
        name: "delivered up to the last checkpoint",
        quantity: 1,
        unitUsd: "0.572",
        amount: "0.572",
        currency: "MYR",
      },
    ]);
    // 0.572 MYR / 4.4 = 0.13 USD, of which 30 % is markup on 0.1.
    expect(money).toEqual({
      charged: 572_000_000n,
      currency: "MYR",
      costUsd: "0.13",
      providerCostUsd: "0.1",
      priceVersion: "m@1",
      tokens: { input: 15, cached: 5, cacheWrite: 0, output: 50, reasoning: null },
      usageSource: "counted",
    });
    expect(audit).toMatchObject({ status: 200, errorCode: null, streamState: "shutdown" });
  });
  test("a fraction as markup", () => {
    const pin = { priceVersion: "m@1", markupPercent: "32.5", fx: "1" };
    const { money } = recovered({ checkpoint: { ...checkpoint, charge: 132_500_000n }, pin });
    expect([money.costUsd, money.providerCostUsd]).toEqual(["0.1325", "0.1"]);
  });
  test("without a pin the tokens are told, and no costs", () => {
    const { money, outcome } = recovered({ checkpoint, pin: null });
    expect(money).toMatchObject({ costUsd: "0", providerCostUsd: "0", priceVersion: null, charged: 572_000_000n });
    expect(money.tokens.output).toBe(50);
    expect(outcome.detail.priceVersion).toBeNull();
  });
  test("a hold that was swept is told to have expired", () => {
    expect(recovered({ checkpoint }, "expired").outcome.state).toBe("expired");
    expect(recovered({}, "expired").outcome).toMatchObject({ state: "expired", charged: 0n });
  });
});

test("without a checkpoint nothing is charged", () => {
  const { outcome, audit, money } = recovered({});
  expect(outcome).toMatchObject({ state: "voided", charged: 0n, absorbed: 0n, paid: [] });
  expect(outcome.detail.reason).toBe("the process ended; nothing had been delivered");
  expect(audit).toMatchObject({ status: 503, errorCode: "internal_error" });
  expect(money).toEqual({
    charged: 0n,
    currency: "MYR",
    costUsd: "0",
    providerCostUsd: "0",
    priceVersion: null,
    tokens: { input: 0, cached: 0, cacheWrite: 0, output: 0, reasoning: null },
    usageSource: null,
  });
});

describe("the audit record", () => {
  test("is made of what the hold knows of its call", () => {
    expect(recovered({ checkpoint }).audit).toEqual({
      requestId: "req_1",
      time: CREATED,
      accountId: "a",
      keyId: "k",
      endpoint: "/v1/images",
      dialect: "openai-chat",
      operation: "image",
      modelAsked: "asked",
      modelServed: "served",
      provider: "p",
      tier: "paid",
      routeReason: "word",
      attempts: 1,
      latencyMs: 2_500,
      ttftMs: null,
      status: 200,
      errorCode: null,
      streamState: "shutdown",
      stream: true,
      losses: [],
      credential: "operator",
    });
  });
  test.each(["embed", "image", "count", "generate"] as const)("of an operation: %s", (operation) => {
    expect(recovered({ context: { operation } }).audit.operation).toBe(operation);
  });
  test("with blanks for what is not known, and never a negative time", () => {
    const { audit } = recovered(
      { context: { operation: "other", stream: "yes", provider: 3 }, free: true },
      "expired",
      0,
    );
    expect(audit).toMatchObject({ endpoint: "", dialect: "", tier: "", operation: "generate", stream: false });
    expect(audit).toMatchObject({ modelAsked: null, modelServed: null, provider: null, routeReason: null });
    expect(audit).toMatchObject({ latencyMs: 0, credential: null });
  });
});

test("tokens of the audit: cached and written ones are input, reasoning is output", () => {
  const tokens = { input: 1, cached_input: 2, cached_input_audio: 3, cache_write_5m: 10, cache_write_30m: 20 };
  const used = usage({ ...tokens, cache_write_1h: 40, input_image: 100, output: 1_000, reasoning: 2_000 });
  expect(auditTokens(used)).toEqual({ input: 176, cached: 5, cacheWrite: 70, output: 3_000, reasoning: 2_000 });
  expect(auditTokens(usage({ output: 5 }))).toEqual({ input: 0, cached: 0, cacheWrite: 0, output: 5, reasoning: null });
  expect(auditTokens(usage({ output: 5 }, { reasoningKnown: true })).reasoning).toBe(0);
});
