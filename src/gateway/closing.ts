import { priceUsage } from "../ledger/price.ts";
import { sanitizeUsage } from "../ledger/sanitize.ts";
import type { PricedUsage, Receipt, UsageSource } from "../ledger/types.ts";
import type { Annotation } from "../dialects/dialect.ts";
import { emptyUsage, INPUT_CLASSES, OUTPUT_CLASSES, sumTokens, type Usage } from "../ir/usage.ts";
import { type JsonObject, rawNumber } from "../lib/json.ts";
import { errorText } from "../lib/log.ts";
import { formatCents, type Nano } from "../lib/money.ts";
import { compare, subtract, toDecimal, ZERO } from "../lib/rational.ts";
import { pinFor } from "../gates/reserve.ts";
import type { LiveCall, StreamState } from "./live-call.ts";
import { keepIds } from "./provider-ids.ts";

/** How a call that reached a provider ended. */
export type Outcome =
  | { state: "completed" }
  /**
   * Content may have been delivered; `absorb` when none was, or the operator bears failed streams. `whole`: the answer was read to its
   * end though the client had left, so the provider's own usage is the bill.
   */
  | {
      state: Exclude<StreamState, "completed">;
      absorb: boolean;
      status: number;
      errorCode: string | null;
      whole?: boolean;
    };

export interface Closed {
  receipt: Receipt;
  usage: Usage;
  price: PricedUsage;
}

/** Settles the call's hold by what was used; resolves when that is durable. At most once per call: the ledger sees to it. */
export async function settleCall(live: LiveCall, outcome: Outcome): Promise<Closed> {
  const { hold, target, meter } = live;
  if (hold === null || target === null || meter === null) throw new Error("nothing to settle");
  const whole = outcome.state === "completed" || outcome.whole === true;
  const measured = whole ? meter.complete() : meter.delivered();
  const checked = checkUsage(live, measured);
  const pin = pinFor(live.catalog, target, live.call.principal, live.call.receivedAt);
  const price = priceUsage(checked.usage, pin, {
    requestedTier: target.serviceTier ?? requestedTier(live),
    ...(live.images === null ? {} : { images: live.images }),
  });
  const absorb = outcome.state !== "completed" && outcome.absorb;
  const settlement = {
    usage: checked.usage,
    source: checked.source,
    pin,
    price,
    absorb,
    ...(absorb ? {} : { ownKeyFee: live.catalog.billing.byokFee }),
    audit: live.audit(
      outcome.state === "completed"
        ? { status: 200, errorCode: null, streamState: "completed" }
        : { status: outcome.status, errorCode: outcome.errorCode, streamState: outcome.state },
    ),
  };
  // Both go to disk in one transaction.
  const kept = keepIds(live);
  const receipt = await live.deps.ledger.settle(hold.id, settlement);
  if (kept !== null) await kept;
  live.charged = receipt.charged;
  return { receipt, usage: checked.usage, price };
}

const allowanceSubject = (live: LiveCall): string => live.call.principal.key?.id ?? live.call.principal.limitSubject;

/** What the operator may have to pay for the input of a call that its client leaves now, nano-units. */
function inputCost(live: LiveCall): Nano {
  const { target } = live;
  if (target === null) return 0n;
  const pin = pinFor(live.catalog, target, live.call.principal, live.call.receivedAt);
  return priceUsage(live.meterFor(target).delivered().usage, pin, { requestedTier: null }).charge;
}

/**
 * The client has gone. The provider is cut off at once, unless all content was delivered or the key has used up what it may leave unpaid:
 * then the answer is read on to its usage, for `drainMs` at most. Gives whether it is. Only the first call of this decides.
 */
export function leaveCall(live: LiveCall, seen: { content: boolean; all: boolean }): boolean {
  if (live.clientGone) return live.drainTimer !== null;
  live.clientGone = true;
  const { amount } = live.hold ?? { amount: 0n };
  const unpaid = amount === 0n ? 0n : seen.content ? 1n : inputCost(live);
  live.mustPay = !live.allowance.covers(allowanceSubject(live), unpaid, live.catalog.billing.disconnectAllowance);
  if (!live.mustPay && !seen.content) leaveUnpaid(live, unpaid);
  if (!live.mustPay && !seen.all) {
    live.abort.abort(new Error("the client has left"));
    return false;
  }
  const over = (): void => live.abort.abort(new Error("the time for a client that has left is over"));
  live.drainTimer = setTimeout(over, live.deps.settings.drainMs);
  return true;
}

/** Counts what the key leaves unpaid with this call: `total` nano-units in all. */
function leaveUnpaid(live: LiveCall, total: Nano): void {
  live.allowance.book(allowanceSubject(live), total - live.leftUnpaid);
  live.leftUnpaid = total;
}

/** Settles a call whose client left before it had seen anything: the operator bears it, unless the key must pay. */
export async function settleUnseen(live: LiveCall, whole: boolean): Promise<void> {
  if (live.target === null || live.hold === null) {
    await voidCall(live, "client_disconnect", { status: 499, errorCode: null, streamState: "client_disconnect" });
    return;
  }
  leaveCall(live, { content: false, all: false });
  if (live.drainTimer !== null) clearTimeout(live.drainTimer);
  live.meter ??= live.meterFor(live.target);
  const absorb = !live.mustPay;
  const closed = await settleCall(live, { state: "client_disconnect", absorb, status: 499, errorCode: null, whole });
  if (absorb) leaveUnpaid(live, closed.receipt.absorbed);
}

/** Releases the hold of a call that delivered nothing and used nothing. */
export async function voidCall(
  live: LiveCall,
  reason: string,
  end: { status: number; errorCode: string | null; streamState: StreamState | null },
): Promise<void> {
  if (live.hold === null) await live.deps.ledger.record(live.audit(end));
  else await live.deps.ledger.void(live.hold.id, reason, live.audit(end));
}

/** Writes down what a running stream has delivered, so that a crash settles it there. Counts only, never text. */
export function checkpointCall(live: LiveCall): void {
  const { hold, target, meter } = live;
  if (hold === null || target === null || meter === null) return;
  const measured = meter.delivered();
  const pin = pinFor(live.catalog, target, live.call.principal, live.call.receivedAt);
  const price = priceUsage(measured.usage, pin, { requestedTier: target.serviceTier ?? requestedTier(live) });
  live.deps.ledger
    .checkpoint(hold.id, { usage: measured.usage, source: measured.source, charge: price.charge })
    .catch((error: unknown) => {
      live.deps.log.warn("checkpoint failed", { request_id: live.call.requestId, error: errorText(error) });
    });
}

function requestedTier(live: LiveCall): string | null {
  return live.read.priceFields.find((item) => item.kind === "service_tier")?.value ?? null;
}

/** Upstream usage is untrusted input: absurd numbers are clamped to what the call could have used. */
function checkUsage(
  live: LiveCall,
  measured: { usage: Usage; source: UsageSource },
): { usage: Usage; source: UsageSource } {
  const { meter, target } = live;
  if (measured.source !== "provider" || meter === null || target === null) return measured;
  const sanitized = sanitizeUsage(measured.usage, () => meter.delivered().usage, {
    context: target.model.context,
    deliveredCharacters: meter.characters,
  });
  return sanitized.changed ? { usage: sanitized.usage, source: "bounded" } : measured;
}

/** What goes into the answer's last frame: the exact cost, and the extension block. */
export function annotate(live: LiveCall, closed: Closed | null): Annotation {
  const { brand, billing } = live.catalog;
  const usage = closed?.usage ?? emptyUsage();
  if (!billing.annotate || closed === null) {
    return { costCents: null, extensionName: brand.extension, extension: null, usage };
  }
  return {
    costCents: formatCents(closed.receipt.charged),
    extensionName: brand.extension,
    extension: extensionBlock(live, closed),
    usage,
  };
}

function extensionBlock(live: LiveCall, closed: Closed): JsonObject {
  const { plan, target } = live;
  const block: JsonObject = {
    request_id: live.call.requestId,
    routed_model: target?.model.id ?? null,
    provider: target?.provider.name ?? null,
    tier: plan?.tier ?? live.call.principal.tier,
    route: plan?.reason ?? null,
    attempts: live.attempts,
    cost_usd: rawNumber(toDecimal(closed.price.customerCostUsd)),
    saved_usd: rawNumber(savedUsd(live, closed)),
    currency: closed.receipt.currency,
    usage_source: closed.receipt.usageSource,
  };
  // A relayed answer keeps the provider's own numbers: what was billed instead stands here.
  if (closed.receipt.usageSource !== "provider") {
    block.tokens_input = sumTokens(closed.usage.tokens, INPUT_CLASSES);
    block.tokens_output = sumTokens(closed.usage.tokens, OUTPUT_CLASSES);
  }
  if (live.injectedCap !== null) block.output_cap = live.injectedCap;
  const losses = live.losses;
  if (losses.length > 0)
    block.losses = losses.map((loss) => ({ field: loss.field, reason: loss.reason, side: loss.side }));
  return block;
}

/** What the same usage would have cost more at the model that `auto` is measured against; a model asked for by name saves nothing. */
function savedUsd(live: LiveCall, closed: Closed): string {
  const { plan, target } = live;
  if (plan === null || target === null || plan.baseline === null) return "0";
  const pin = pinFor(
    live.catalog,
    { ...target, model: plan.baseline, price: null },
    live.call.principal,
    live.call.receivedAt,
  );
  const baseline = priceUsage(closed.usage, pin, { requestedTier: null });
  const saved = subtract(baseline.customerCostUsd, closed.price.customerCostUsd);
  return compare(saved, ZERO) > 0 ? toDecimal(saved) : "0";
}
