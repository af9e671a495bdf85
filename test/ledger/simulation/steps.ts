import { GatewayError } from "../../../src/ir/error.ts";
import { priceUsage } from "../../../src/ledger/price.ts";
import type { CreditRequest } from "../../../src/ledger/types.ts";
import { LedgerUnavailable } from "../../../src/ledger/unavailable.ts";
import { ACCOUNT_CAP, ACCOUNTS, type Call, CAPPED_ACCOUNT, CAPPED_KEY, KEY_CAP, units, type World } from "./world.ts";

const DAY_MS = 86_400_000;
type Step = (world: World) => void | Promise<void>;

/** Steps of a history with their weights. */
const STEPS: readonly [weight: number, step: Step][] = [
  [10, topUp],
  [3, repeatTopUp],
  [4, grant],
  [3, adjust],
  [30, reserve],
  [8, checkpoint],
  [24, settle],
  [5, abandon],
  [5, repeatEnd],
  [5, refund],
  [14, (world) => world.commit()],
  [3, (world) => world.outage(() => whileDown(world))],
  [2, (world) => world.crash()],
  [6, letTimePass],
  [1, turnMonth],
  [1, jumpClock],
  [2, changePrice],
  [1, changeRate],
  [1, subscribe],
  [2, expireOld],
];
const TOTAL = STEPS.reduce((sum, [weight]) => sum + weight, 0);

export function randomStep(world: World): Step {
  let at = world.random.below(TOTAL);
  for (const [weight, step] of STEPS) {
    if (at < weight) return step;
    at -= weight;
  }
  throw new Error("no step");
}

/** Terms are set once, so that what an account owes can be held against its limit at any time. */
export async function setUp(world: World): Promise<void> {
  for (const accountId of ACCOUNTS) {
    const creditLimit = units(world.random.below(300));
    void world.ledger.setTerms({ accountId, subscription: null, creditLimit, lowBalance: units(50) });
  }
  await world.commit();
}

function book(world: World, change: Partial<CreditRequest>): void {
  world.credit({
    accountId: world.random.pick(ACCOUNTS),
    amount: units(world.random.between(1, 400)),
    kind: "topup",
    reason: "test",
    idempotencyKey: world.id("key"),
    expiresAt: null,
    ...change,
  });
}

function topUp(world: World): void {
  book(world, {});
}

/** An acknowledgement was lost, so the caller asks again. */
function repeatTopUp(world: World): void {
  if (world.credits.length > 0) world.credit(world.random.pick(world.credits).request);
}

function grant(world: World): void {
  const expiresAt = world.random.chance(80) ? world.now + world.random.between(1, 40 * DAY_MS) : null;
  book(world, { kind: "grant", expiresAt });
}

function adjust(world: World): void {
  const request = { kind: "adjust", amount: -units(world.random.between(1, 100)) } as const;
  const { ledger, failures } = world;
  const whole = { ...request, accountId: world.random.pick(ACCOUNTS), reason: "test", expiresAt: null };
  ledger.credit({ ...whole, idempotencyKey: world.id("adj") }).catch((error: unknown) => {
    // More than the wallet has free.
    if (!(error instanceof GatewayError || error instanceof LedgerUnavailable)) failures.push(error);
  });
}

function reserve(world: World): void {
  const { random } = world;
  const accountId = random.pick(ACCOUNTS);
  const keyId = random.chance(70) ? `key_${random.below(3)}` : null;
  world.reserve({
    accountId,
    keyId,
    charge: random.pick(["wallet", "wallet", "subscription", "metered", "free"] as const),
    free: random.chance(5),
    keyMonthlyCap: keyId === CAPPED_KEY ? KEY_CAP : null,
    accountMonthlyCap: accountId === CAPPED_ACCOUNT ? ACCOUNT_CAP : null,
    callCap: random.chance(10) ? units(random.between(1, 300)) : null,
    dailyMessages: random.chance(20) ? { subject: `s${random.below(2)}`, limit: 5 } : null,
  });
}

const running = (world: World): Call[] => world.calls.filter((call) => call.phase === "running");

function usageFor(world: World, call: Call) {
  const { random } = world;
  // Mostly within the hold; sometimes far beyond.
  const most = random.chance(10) ? 900_000 : 40_000;
  return world.usageOf(random.below(most), call.request.amount === 0n ? 0 : random.below(most / 4));
}

function checkpoint(world: World): void {
  const calls = running(world);
  if (calls.length === 0) return;
  const call = world.random.pick(calls);
  const usage = usageFor(world, call);
  const { charge } = priceUsage(usage, call.pin, { requestedTier: null });
  world.ledger.checkpoint(call.holdId, { usage, source: "counted", charge }).catch((error: unknown) => {
    if (!(error instanceof LedgerUnavailable)) world.failures.push(error);
  });
}

function settle(world: World): void {
  const calls = running(world);
  if (calls.length === 0) return;
  const call = world.random.pick(calls);
  const settlement = world.settlement(call, usageFor(world, call), world.random.chance(8));
  const { ledger } = world;
  world.end(call, async () => {
    const receipt = await ledger.settle(call.holdId, settlement);
    const total = receipt.charged + receipt.absorbed;
    const isOwn = settlement.audit.credential === "byok";
    if (receipt.state === "settled" && !isOwn && total !== settlement.price.charge) {
      throw new Error(`${call.holdId}: charged and absorbed ${total}, priced ${settlement.price.charge}`);
    }
    return receipt;
  });
}

function abandon(world: World): void {
  const calls = running(world);
  if (calls.length === 0) return;
  const call = world.random.pick(calls);
  const { ledger } = world;
  world.end(call, () => ledger.void(call.holdId, "client_disconnect", world.audit(call)));
}

/** A repeat of an end that is done or under way gives the first receipt. */
function repeatEnd(world: World): void {
  const ends = world.calls.filter(({ phase }) => phase === "ending" || phase === "ended");
  if (ends.length === 0) return;
  const call = world.random.pick(ends);
  const { ledger } = world;
  const again = world.settlement(call, world.usageOf(77_777, 7_777));
  world.end(call, () => ledger.settle(call.holdId, again));
}

function refund(world: World): void {
  const charged = world.calls.filter(({ receipt }) => receipt !== null && receipt.charged > 0n);
  if (charged.length === 0) return;
  const call = world.random.pick(charged);
  const amount = world.random.chance(30) ? null : units(world.random.between(1, 60));
  const { requestId } = call.request;
  const request = { requestId, amount, reason: "test", idempotencyKey: world.id("ref") };
  world.ledger.refund(request).catch((error: unknown) => {
    // More than is left of the charge.
    if (!(error instanceof GatewayError || error instanceof LedgerUnavailable)) world.failures.push(error);
  });
}

async function whileDown(world: World): Promise<void> {
  reserve(world);
  settle(world);
  settle(world);
  checkpoint(world);
  topUp(world);
  await world.drain();
}

function letTimePass(world: World): void {
  world.now += world.random.between(1, 3 * DAY_MS);
}

function turnMonth(world: World): void {
  world.now += 31 * DAY_MS;
}

function jumpClock(world: World): void {
  world.now += world.random.chance(50) ? -31 * DAY_MS : 3_600_000;
}

function changePrice(world: World): void {
  world.changePrice({
    input: `${world.random.below(9)}.${world.random.below(9)}`,
    output: `${world.random.below(30)}`,
  });
}

function changeRate(world: World): void {
  world.changePrice({
    fx: `${world.random.between(1, 5)}.${world.random.below(9999)}`,
    markup: `${world.random.below(60)}`,
  });
}

async function subscribe(world: World): Promise<void> {
  const { random, ledger } = world;
  const accountId = random.pick(ACCOUNTS);
  const { creditLimit, lowBalance } = ledger.terms(accountId);
  if (!ledger.healthy()) return;
  const subscription = {
    plan: "p",
    includedCredit: units(random.between(10, 200)),
    overage: random.pick(["metered", "stop"] as const),
    anchorAt: world.now - random.below(60) * DAY_MS,
    endsAt: random.chance(30) ? world.now + random.below(90) * DAY_MS : null,
  };
  void ledger.setTerms({ accountId, subscription, creditLimit, lowBalance });
  await world.commit();
}

/** Calls that never end are ended by the sweep, which their callers don't hear of. */
async function expireOld(world: World): Promise<void> {
  if (!world.ledger.healthy()) return;
  await world.commit();
  const before = world.now - 20 * DAY_MS;
  for (const call of world.calls) {
    const hold = world.storage.disk.holds.get(Number(call.holdId));
    if (hold !== undefined && hold.createdAt < before) call.phase = "gone";
  }
  const swept = world.ledger.sweep(before);
  await world.drain();
  await world.commit();
  await swept;
}
