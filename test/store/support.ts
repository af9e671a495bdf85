import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BookLedger } from "../../src/ledger/ledger.ts";
import { priceUsage } from "../../src/ledger/price.ts";
import type {
  AuditRecordInput,
  CreditRequest,
  PricePin,
  Receipt,
  ReserveRequest,
  Settlement,
  Subscription,
} from "../../src/ledger/types.ts";
import { createLogger } from "../../src/lib/log.ts";
import { openStore, type Store } from "../../src/store/open.ts";
import { verifyDataFolder } from "../../src/store/verify.ts";
import { pin, row, usage } from "../ledger/price-support.ts";

export const UNIT = 1_000_000_000n;
export const PIN: PricePin = pin(row({ prices: { input: "2.5", output: "10" } }), { markup: "30" });

export function requestOf(requestId: string, amount: bigint, more: Partial<ReserveRequest> = {}): ReserveRequest {
  return {
    requestId,
    accountId: "a",
    keyId: "k",
    amount,
    free: false,
    keyMonthlyCap: null,
    accountMonthlyCap: null,
    callCap: null,
    dailyMessages: null,
    charge: "wallet",
    streamed: true,
    context: { model: "m", endpoint: "/v1/chat/completions", dialect: "openai-chat" },
    pin: PIN,
    ...more,
  };
}

export function auditOf(requestId: string, time: number): AuditRecordInput {
  return {
    requestId,
    time,
    accountId: "a",
    keyId: "k",
    endpoint: "/v1/chat/completions",
    dialect: "openai-chat",
    operation: "generate",
    modelAsked: "m",
    modelServed: "m",
    provider: "p",
    tier: "paid",
    routeReason: null,
    attempts: 1,
    latencyMs: 20,
    ttftMs: 10,
    status: 200,
    errorCode: null,
    streamState: "completed",
    stream: true,
    losses: [],
    credential: "operator",
  };
}

/** A ledger on a real file in a folder of its own, at a clock that the test moves. */
export class Book implements Disposable {
  readonly dataDir: string;
  readonly logs: string[] = [];
  /** What accounts were told of low balances. */
  readonly lowBalances: bigint[] = [];
  now = Date.UTC(2026, 10, 21, 12);
  /** IANA zone of days and months. */
  timezone = "UTC";
  store: Store;
  ledger: BookLedger;
  #serial = 0;

  constructor() {
    this.dataDir = mkdtempSync(join(tmpdir(), "tollgate-store-"));
    this.store = this.#open();
    this.ledger = this.#ledger();
  }

  #open(): Store {
    const log = createLogger((line) => this.logs.push(line), "debug");
    const [now, timezone] = [() => this.now, () => this.timezone];
    return openStore(this.dataDir, { log, currency: () => "USD", now, timezone });
  }

  #ledger(): BookLedger {
    return new BookLedger({
      storage: this.store.ledger,
      clock: { now: () => this.now, monotonic: () => this.now },
      log: createLogger((line) => this.logs.push(line), "debug"),
      currency: () => "USD",
      timezone: () => this.timezone,
      onLowBalance: (told) => this.lowBalances.push(told.balance),
    });
  }

  /** Closes the file and opens it again, as the next process does. */
  async restart(): Promise<void> {
    await this.store.close();
    this.store = this.#open();
    this.ledger = this.#ledger();
    await this.ledger.recover();
  }

  credit(amount: bigint, more: Partial<CreditRequest> = {}) {
    const base = { accountId: "a", kind: "topup", reason: "test", idempotencyKey: null, expiresAt: null } as const;
    return this.ledger.credit({ ...base, amount, ...more });
  }

  request(amount: bigint, more: Partial<ReserveRequest> = {}): ReserveRequest {
    this.#serial += 1;
    return requestOf(`req_${this.#serial}`, amount, more);
  }

  async hold(amount: bigint, more: Partial<ReserveRequest> = {}): Promise<{ id: string; requestId: string }> {
    const reservation = await this.ledger.reserve(this.request(amount, more));
    if (!reservation.ok) throw new Error(reservation.refusal.kind);
    await reservation.durable;
    return reservation.hold;
  }

  audit(requestId: string): AuditRecordInput {
    return auditOf(requestId, this.now);
  }

  settle(
    hold: { id: string; requestId: string },
    outputTokens: number,
    more: Partial<Settlement> = {},
  ): Promise<Receipt> {
    const used = usage({ output: outputTokens });
    const price = priceUsage(used, PIN, { requestedTier: null });
    const audit = this.audit(hold.requestId);
    const base = { usage: used, source: "provider", pin: PIN, price, absorb: false, audit } as const;
    return this.ledger.settle(hold.id, { ...base, ...more });
  }

  /** A whole call; a token costs 13,000 nano-units. */
  async call(outputTokens: number, more: Partial<ReserveRequest> = {}): Promise<Receipt> {
    return this.settle(await this.hold(UNIT / 2n, more), outputTokens);
  }

  subscribe(terms: Omit<Subscription, "plan" | "endsAt">, creditLimit: bigint | null = null): Promise<void> {
    const subscription = { plan: "plan", endsAt: null, ...terms };
    return this.ledger.setTerms({ accountId: "a", subscription, creditLimit, lowBalance: null });
  }

  openHolds(): { id: string; requestId: string }[] {
    return this.store.ledger.load().openHolds.map(({ id, requestId }) => ({ id: String(id), requestId }));
  }

  /** What is wrong with the file, [] = nothing. */
  verify(): string[] {
    return verifyDataFolder(this.dataDir).findings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
