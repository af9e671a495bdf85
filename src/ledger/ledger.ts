import { createHash } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import { failpoint } from "../lib/failpoint.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Logger } from "../lib/log.ts";
import { checkNano, type Nano } from "../lib/money.ts";
import { admit, messageCounter, spendCounters } from "./admission.ts";
import { monthOf } from "./periods.ts";
import { planRecovery } from "./recover.ts";
import { auditMoney, receiptOf, refusedMoney, type Settled, settleHold } from "./settling.ts";
import { counterKey, grantOf, LedgerState, receivableOf, walletOf } from "./state.ts";
import type { CreditRow, LedgerOp, LedgerStorage, OpenHold } from "./storage.ts";
import type * as Port from "./types.ts";

/** The ledger can't promise that anything is written. Nothing was charged. */
export class LedgerUnavailable extends Error {
  constructor(cause: unknown) {
    super("the ledger can't be written", { cause });
    this.name = "LedgerUnavailable";
  }
}

/** A credit that can't be booked as asked: wrong amount, or an idempotency key that was used for another credit. */
export class CreditRefused extends Error {
  readonly kind: "amount" | "conflict";
  constructor(kind: "amount" | "conflict", message: string) {
    super(message);
    this.name = "CreditRefused";
    this.kind = kind;
  }
}

export interface LedgerOptions {
  storage: LedgerStorage;
  clock: Clock;
  log: Logger;
  currency(): string;
  timezone(): string;
  newId(prefix: string): string;
}

/** Largest single credit: a mistyped amount must not pass for a top-up. */
const LARGEST_CREDIT: Nano = 1_000_000_000n * 1_000_000_000n;

/** The ledger of one process: decides in memory, writes in groups. */
export class BookLedger implements Port.Ledger {
  #options: LedgerOptions;
  #state: LedgerState;
  /** Memory and disk may differ after a failed write; the next admission reads all anew. */
  #stale = false;
  /** Settlements under way or just done, so that a repeat gives the first receipt. */
  #settling = new Map<number, Promise<Port.Receipt>>();

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#state = new LedgerState(options.storage.load());
  }

  /** Ends the holds of an earlier boot, at their checkpoint or without charge. Run once, before the port opens. Gives their number. */
  async recover(): Promise<number> {
    const open = [...this.#state.holds.values()];
    for (const hold of open) {
      const plan = planRecovery(hold, this.#options.clock.now(), this.#options.currency());
      await this.#close(hold, plan.settled, plan.audit, plan.money);
    }
    return open.length;
  }

  healthy(): boolean {
    return this.#options.storage.healthy();
  }

  async reserve(request: Port.ReserveRequest): Promise<Port.Reservation> {
    if (!this.healthy()) return { ok: false, refusal: { kind: "unavailable" } };
    this.#refresh();
    const now = this.#options.clock.now();
    const zone = this.#options.timezone();
    const decision = admit(this.#state, request, { now, zone });
    if (!decision.ok) return decision;
    const { sources, counted } = decision.admission;
    const hold: OpenHold = {
      id: this.#state.nextHoldId++,
      requestId: request.requestId,
      accountId: request.accountId,
      keyId: request.keyId,
      amount: sources.reduce((sum, item) => sum + item.amount, 0n),
      sources,
      createdAt: now,
      context: request.context,
      checkpoint: null,
    };
    this.#state.addHold(hold, counted);
    const ops: LedgerOp[] = [{ op: "hold", hold }];
    if (request.dailyMessages !== null) this.#count(ops, messageCounter(request.dailyMessages.subject, now, zone), 1n);
    const durable = this.#append(ops);
    return {
      ok: true,
      hold: {
        id: String(hold.id),
        requestId: hold.requestId,
        accountId: hold.accountId,
        amount: hold.amount,
        createdAt: now,
      },
      durable,
    };
  }

  async checkpoint(holdId: string, checkpoint: Port.Checkpoint): Promise<void> {
    const hold = this.#state.holds.get(Number(holdId));
    if (hold === undefined) return;
    const { usage, source, charge } = checkpoint;
    hold.checkpoint = { usage: { ...usage } as unknown as JsonObject, source, charge };
    await this.#append([{ op: "checkpoint", holdId: hold.id, checkpoint: hold.checkpoint }]);
    failpoint("checkpoint");
  }

  settle(holdId: string, settlement: Port.Settlement): Promise<Port.Receipt> {
    return this.#once(holdId, (hold) => {
      const settled = settleHold(this.#state, hold, settlement, this.#options.clock.now());
      if (settled.overrun > 0n) {
        this.#options.log.warn("usage beyond the hold was absorbed", {
          request_id: hold.requestId,
          nano: settled.overrun.toString(),
        });
      }
      const money = auditMoney(settlement, settled.charged, this.#options.currency());
      return this.#close(hold, settled, settlement.audit, money);
    });
  }

  void(holdId: string, reason: string, audit: Port.AuditRecordInput): Promise<Port.Receipt> {
    return this.#once(holdId, (hold) => {
      const settled: Settled = {
        state: "voided",
        charged: 0n,
        absorbed: 0n,
        extended: 0n,
        overrun: 0n,
        at: this.#options.clock.now(),
        transfers: [],
        body: { reason },
      };
      return this.#close(hold, settled, audit, refusedMoney(this.#options.currency()));
    });
  }

  async record(audit: Port.AuditRecordInput): Promise<void> {
    await this.#append([{ op: "audit", record: audit, money: refusedMoney(this.#options.currency()) }]);
  }

  /** At most one end per hold: later calls get the receipt of the first. */
  async #once(holdId: string, end: (hold: OpenHold) => Promise<Port.Receipt>): Promise<Port.Receipt> {
    const id = Number(holdId);
    const running = this.#settling.get(id);
    if (running !== undefined) return running;
    this.#refresh();
    const hold = this.#state.holds.get(id);
    if (hold === undefined) {
      const done = this.#options.storage.findReceiptOfHold(id);
      if (done === null) throw new Error(`no hold ${holdId}`);
      return done;
    }
    const ending = end(hold);
    this.#settling.set(id, ending);
    try {
      return await ending;
    } finally {
      this.#settling.delete(id);
    }
  }

  async #close(
    hold: OpenHold,
    settled: Settled,
    audit: Port.AuditRecordInput,
    money: ReturnType<typeof refusedMoney>,
  ): Promise<Port.Receipt> {
    const state = this.#state;
    const counted = spendCounters(hold.accountId, hold.keyId, hold.createdAt, this.#options.timezone());
    state.removeHold(hold, counted);
    const ops: LedgerOp[] = [];
    for (const { debit, credit, amount } of settled.transfers) {
      state.move(debit, credit, amount);
      ops.push({ op: "entry", at: settled.at, debit, credit, amount, kind: "charge", reference: hold.requestId });
    }
    if (settled.charged > 0n) for (const key of counted) this.#count(ops, key, settled.charged);
    const row = {
      holdId: hold.id,
      requestId: hold.requestId,
      accountId: hold.accountId,
      charged: settled.charged,
      absorbed: settled.absorbed,
      released: hold.amount + settled.extended - settled.charged,
      extended: settled.extended,
      state: settled.state,
      settledAt: settled.at,
      body: settled.body,
    };
    ops.push({ op: "settlement", row }, { op: "audit", record: audit, money });
    failpoint("before-settle-commit");
    await this.#append(ops);
    failpoint("after-settle-commit");
    return receiptOf(row, this.#options.currency());
  }

  async credit(request: Port.CreditRequest): Promise<Port.Balance> {
    const { storage, clock, newId } = this.#options;
    if (request.amount === 0n || request.amount > LARGEST_CREDIT || request.amount < -LARGEST_CREDIT) {
      throw new CreditRefused("amount", "the amount is zero or out of range");
    }
    if (request.amount < 0n && request.kind !== "adjust") {
      throw new CreditRefused("amount", "only an adjustment may be negative");
    }
    checkNano(request.amount);
    const fingerprint = fingerprintOf(request);
    const earlier =
      request.idempotencyKey === null ? null : storage.findCredit(request.accountId, request.idempotencyKey);
    if (earlier !== null) {
      if (earlier.fingerprint === fingerprint) return this.balance(request.accountId);
      throw new CreditRefused("conflict", "this idempotency key was used for another credit");
    }
    this.#refresh();
    const now = clock.now();
    const row: CreditRow = { ...request, id: newId("cr"), fingerprint, createdAt: now };
    const ops: LedgerOp[] = [{ op: "credit", credit: row }];
    const book = request.kind === "grant" ? this.#grant(ops, request, newId("gr"), now) : walletOf(request.accountId);
    const other = `operator:${request.kind === "topup" ? "cash_in" : request.kind === "grant" ? "promo" : request.kind}`;
    const [debit, credit] = request.amount > 0n ? [other, book] : [book, other];
    const amount = request.amount > 0n ? request.amount : -request.amount;
    if (request.amount < 0n && this.#state.free(request.accountId, "wallet") < amount) {
      throw new CreditRefused("amount", "the wallet holds less than that");
    }
    this.#state.move(debit, credit, amount);
    ops.push({ op: "entry", at: now, debit, credit, amount, kind: request.kind, reference: row.id });
    await this.#append(ops);
    return this.balance(request.accountId);
  }

  #grant(ops: LedgerOp[], request: Port.CreditRequest, id: string, now: number): string {
    const { accountId, amount, expiresAt } = request;
    const grant = { id, accountId, kind: request.reason, amount, expiresAt, createdAt: now };
    this.#state.addGrant(grant);
    ops.push({ op: "grant", grant });
    return grantOf(id);
  }

  balance(accountId: string): Promise<Port.Balance> {
    this.#refresh();
    const state = this.#state;
    const now = this.#options.clock.now();
    const wallet = state.posted(walletOf(accountId));
    const grants = state
      .account(accountId)
      .grants.filter((grant) => grant.expiresAt === null || grant.expiresAt > now)
      .reduce((sum, grant) => sum + state.posted(grantOf(grant.id)), 0n);
    const held = state.account(accountId).heldTotal;
    const month = monthOf(now, this.#options.timezone());
    return Promise.resolve({
      accountId,
      currency: this.#options.currency(),
      wallet,
      grants,
      held,
      available: wallet + grants - held,
      spentThisMonth: state.counter(counterKey(`account:${accountId}`, month)),
      receivable: -state.posted(receivableOf(accountId)),
    });
  }

  keySpend(keyId: string): Promise<Nano> {
    const month = monthOf(this.#options.clock.now(), this.#options.timezone());
    return Promise.resolve(this.#state.counter(counterKey(`key:${keyId}`, month)));
  }

  receipt(requestId: string): Promise<Port.Receipt | null> {
    return Promise.resolve(this.#options.storage.findReceipt(requestId));
  }

  #count(ops: LedgerOp[], key: string, delta: Nano): void {
    this.#state.count(key, delta);
    const [subject = "", period = ""] = key.split("\n");
    ops.push({ op: "counter", subject, period, delta });
  }

  async #append(ops: LedgerOp[]): Promise<void> {
    try {
      await this.#options.storage.append(ops);
    } catch (error) {
      this.#stale = true;
      throw new LedgerUnavailable(error);
    }
  }

  #refresh(): void {
    if (!this.#stale || !this.healthy()) return;
    this.#state = new LedgerState(this.#options.storage.load());
    this.#stale = false;
  }
}

function fingerprintOf(request: Port.CreditRequest): string {
  const facts = [request.accountId, request.amount.toString(), request.kind, request.reason, String(request.expiresAt)];
  return createHash("sha256").update(facts.join("\n")).digest("hex");
}
