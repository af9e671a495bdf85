import { GatewayError } from "../../../src/ir/error.ts";
import { BookLedger } from "../../../src/ledger/ledger.ts";
import { priceUsage, worstCasePrice } from "../../../src/ledger/price.ts";
import type {
  AuditRecordInput,
  CreditRequest,
  PricePin,
  Receipt,
  ReserveRequest,
  Settlement,
} from "../../../src/ledger/types.ts";
import type { Usage } from "../../../src/ir/usage.ts";
import { LedgerUnavailable } from "../../../src/ledger/unavailable.ts";
import { pin, row } from "../price-support.ts";
import { checkDisk } from "./invariants.ts";
import { MemoryStorage } from "./memory-storage.ts";
import type { Random } from "./random.ts";

export const ACCOUNTS = ["a", "b", "c"] as const;
const UNIT = 1_000_000_000n;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Caps that always hold, so that they can be checked at any time. */
export const CAPPED_KEY = "key_0";
export const KEY_CAP = UNIT;
export const CAPPED_ACCOUNT = "b";
export const ACCOUNT_CAP = 2n * UNIT;

export interface Call {
  request: ReserveRequest;
  holdId: string;
  amount: bigint;
  pin: PricePin;
  /** `gone`: its process died, or its hold never reached the disk. */
  phase: "reserving" | "running" | "ending" | "ended" | "gone";
  /** What its end was acknowledged with. */
  receipt: Receipt | null;
}

interface Credit {
  request: CreditRequest;
  acknowledged: boolean;
}

/** One ledger, its disk and clock, and what its callers know: everything that was acknowledged to them must be on the disk. */
export class World {
  readonly random: Random;
  storage = new MemoryStorage();
  ledger: BookLedger;
  now = Date.UTC(2026, 9, 29, 12);
  calls: Call[] = [];
  readonly credits: Credit[] = [];
  prices = { input: "2.5", output: "10", fx: "1", markup: "30" };
  lowBalances = 0;
  operations = 0;
  #serial = 0;
  #pin: PricePin | null = null;

  constructor(random: Random) {
    this.random = random;
    this.ledger = this.#open();
  }

  #open(): BookLedger {
    return new BookLedger({
      storage: this.storage,
      clock: { now: () => this.now, monotonic: () => this.now },
      log: quiet,
      currency: () => "USD",
      timezone: () => "Asia/Kuala_Lumpur",
      onLowBalance: () => void (this.lowBalances += 1),
      patience: () => new Promise(() => undefined),
    });
  }

  id(prefix: string): string {
    this.#serial += 1;
    return `${prefix}${this.#serial}`;
  }

  changePrice(change: Partial<World["prices"]>): void {
    this.prices = { ...this.prices, ...change };
    this.#pin = null;
  }

  get pin(): PricePin {
    const { input, output, markup, fx } = this.prices;
    this.#pin ??= pin(row({ prices: { input, output } }), { markup, fx });
    return this.#pin;
  }

  /** Lets promises that are due run their course. */
  async drain(): Promise<void> {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  }

  async commit(): Promise<void> {
    for (let round = 0; round < 50 && !this.storage.isIdle; round += 1) {
      this.storage.flush();
      await this.drain();
    }
    await this.drain();
  }

  /** A commit fails; calls go on being made while nothing can be written; then it can again. */
  async outage(meanwhile: () => Promise<void>): Promise<void> {
    this.storage.fail();
    await this.drain();
    await meanwhile();
    await this.drain();
    this.storage.repair();
    await this.drain();
    await this.commit();
  }

  async crash(): Promise<void> {
    this.storage = this.storage.crash(this.random.chance(50));
    // Callers die with the process. The id of a hold that never reached the disk may name another one in the next process.
    for (const call of this.calls) {
      const isLost = call.receipt?.state === "voided" && !this.storage.disk.settlements.has(Number(call.holdId));
      if (call.phase !== "ended" || isLost) call.phase = "gone";
    }
    this.ledger = this.#open();
    const recovered = this.ledger.recover();
    await this.drain();
    await this.commit();
    await recovered;
    if (this.storage.disk.holds.size > 0) throw new Error("holds are open after recovery");
  }

  reserve(change: Partial<ReserveRequest>): void {
    const { random } = this;
    const at = this.pin;
    const inputTokens = random.between(0, 200_000);
    const outputTokens = random.between(1, 50_000);
    const worst = { pin: at, inputTokens, outputTokens, modifiers: [], fees: {}, images: 0 };
    const request: ReserveRequest = {
      requestId: this.id("req_"),
      accountId: random.pick(ACCOUNTS),
      keyId: random.chance(70) ? `key_${random.below(3)}` : null,
      amount: worstCasePrice(worst),
      free: false,
      keyMonthlyCap: null,
      accountMonthlyCap: null,
      callCap: null,
      dailyMessages: null,
      charge: "wallet",
      streamed: true,
      context: { model: "m", stream: true },
      pin: at,
      ...change,
    };
    const call: Call = { request, holdId: "", amount: 0n, pin: at, phase: "reserving", receipt: null };
    this.#follow(call).catch((error: unknown) => this.failures.push(error));
  }

  async #follow(call: Call): Promise<void> {
    const { ledger } = this;
    const reservation = await ledger.reserve(call.request);
    if (!reservation.ok) return;
    call.holdId = reservation.hold.id;
    call.amount = reservation.hold.amount;
    this.calls.push(call);
    try {
      await reservation.durable;
      if (call.phase === "reserving") call.phase = "running";
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      // As the gateway does it: the call is refused, and its end is told to the ledger.
      if (call.phase !== "reserving") return;
      call.phase = "ending";
      await this.#finish(call, () => ledger.void(call.holdId, "refused", this.audit(call)));
    }
  }

  usageOf(inputTokens: number, outputTokens: number): Usage {
    return { tokens: { input: inputTokens, output: outputTokens }, reasoningKnown: false, fees: {}, variant: {} };
  }

  audit(call: Call, credential: "operator" | "byok" = "operator"): AuditRecordInput {
    const { requestId, accountId, keyId } = call.request;
    return {
      requestId,
      time: this.now,
      accountId,
      keyId,
      endpoint: "/v1/chat/completions",
      dialect: "openai-chat",
      operation: "generate",
      modelAsked: "m",
      modelServed: "m",
      provider: "p",
      tier: "paid",
      routeReason: null,
      attempts: 1,
      latencyMs: 1,
      ttftMs: 1,
      status: 200,
      errorCode: null,
      streamState: "completed",
      stream: true,
      losses: [],
      credential,
    };
  }

  settlement(call: Call, usage: Usage, absorb = false): Settlement {
    const credential = this.random.chance(5) ? "byok" : "operator";
    return {
      usage,
      source: "provider",
      pin: call.pin,
      price: priceUsage(usage, call.pin, { requestedTier: null }),
      absorb,
      audit: this.audit(call, credential),
    };
  }

  /** Ends a call; the acknowledgement may never come. */
  end(call: Call, run: () => Promise<Receipt>): void {
    if (call.phase === "running") call.phase = "ending";
    this.#finish(call, run).catch((error: unknown) => {
      if (call.phase !== "gone") this.failures.push(error);
    });
  }

  async #finish(call: Call, run: () => Promise<Receipt>): Promise<void> {
    const receipt = await run();
    if (call.phase === "gone") return;
    if (call.receipt !== null && !sameEnd(call.receipt, receipt)) throw new Error(`${call.holdId} ended twice`);
    call.receipt = receipt;
    call.phase = "ended";
  }

  credit(request: CreditRequest): void {
    const known = this.credits.find((item) => item.request.idempotencyKey === request.idempotencyKey);
    const credit = known ?? { request, acknowledged: false };
    if (known === undefined) this.credits.push(credit);
    this.ledger.credit(request).then(
      () => void (credit.acknowledged = true),
      (error: unknown) => {
        // A grant that is asked for again when its time is over.
        const isLate =
          error instanceof GatewayError && request.kind === "grant" && (request.expiresAt ?? 0) <= this.now;
        if (!isLate && !(error instanceof LedgerUnavailable)) this.failures.push(error);
      },
    );
  }

  readonly failures: unknown[] = [];

  /** Throws when anything is wrong that can be seen from the disk or from what callers were told. */
  async check(): Promise<void> {
    if (this.failures.length > 0) throw this.failures[0];
    const { disk } = this.storage;
    checkDisk(disk);
    this.#checkCaps();
    for (const { phase, receipt, request, holdId } of this.calls) {
      if (phase === "running" && !disk.holds.has(Number(holdId))) throw new Error(`${holdId} is not on the disk`);
      if (receipt === null || phase === "gone") continue;
      const row = disk.settlements.get(Number(receipt.holdId));
      // A hold that never reached the disk ends with an audit row only.
      if (row === undefined && receipt.charged === 0n && receipt.state === "voided") continue;
      if (row === undefined || row.charged !== receipt.charged) {
        throw new Error(`the acknowledged end of ${request.requestId} is lost`);
      }
    }
    for (const { acknowledged, request } of this.credits) {
      const isThere = disk.creditOfKey.has(`${request.accountId}\n${request.idempotencyKey}`);
      if (acknowledged && !isThere) throw new Error(`the acknowledged credit ${request.idempotencyKey} is lost`);
    }
    if (this.storage.isIdle && this.storage.healthy()) await this.#compareMemory();
  }

  #checkCaps(): void {
    for (const [key, value] of this.storage.disk.counters) {
      const isKey = key.startsWith(`key:${CAPPED_KEY}\n`);
      const cap = isKey ? KEY_CAP : key.startsWith(`account:${CAPPED_ACCOUNT}\n`) ? ACCOUNT_CAP : value;
      if (value > cap) throw new Error(`${key}: ${value} is more than the cap of ${cap}`);
    }
    for (const { receipt, request } of this.calls) {
      if (receipt !== null && request.callCap !== null && receipt.charged > request.callCap) {
        throw new Error(`${request.requestId}: ${receipt.charged} is more than the cap per call`);
      }
    }
  }

  /** What the ledger says and what its disk says are the same. */
  async #compareMemory(): Promise<void> {
    await this.#checkAccounts();
    this.#checkExpired();
  }

  /** Nothing stays in a grant whose time is over, but what calls under way hold. */
  #checkExpired(): void {
    const { disk } = this.storage;
    const held = new Map<number, bigint>();
    for (const { parts } of disk.holds.values()) {
      for (const { book, amount } of parts) held.set(book, (held.get(book) ?? 0n) + amount);
    }
    for (const [id, { name, posted }] of disk.books) {
      const grant = name.startsWith("grant:") ? disk.grants.get(Number(name.slice("grant:".length))) : undefined;
      if (grant === undefined || grant.expiresAt === null || grant.expiresAt > this.now) continue;
      if (posted !== (held.get(id) ?? 0n)) throw new Error(`${name} is over, but has ${posted}`);
    }
  }

  async #checkAccounts(): Promise<void> {
    for (const accountId of ACCOUNTS) {
      const balance = this.ledger.balance(accountId);
      await this.drain();
      // Looking may begin a period or expire a grant.
      await this.commit();
      const { wallet, available, held, receivable } = await balance;
      const { disk } = this.storage;
      if (wallet !== disk.posted(`wallet:${accountId}`)) throw new Error(`${accountId}: the wallet differs`);
      if (receivable !== -disk.posted(`receivable:${accountId}`)) throw new Error(`${accountId}: what is owed differs`);
      if (available < 0n || held < 0n) throw new Error(`${accountId}: available ${available}, held ${held}`);
      const open = [...disk.holds.values()].filter((hold) => hold.accountId === accountId);
      if (open.length === 0 && held !== 0n) throw new Error(`${accountId}: ${held} held without a hold`);
    }
  }
}

const sameEnd = (a: Receipt, b: Receipt): boolean => a.charged === b.charged && a.state === b.state;

export const units = (count: number): bigint => (UNIT * BigInt(count)) / 100n;
