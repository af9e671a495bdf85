import type { Clock } from "../lib/clock.ts";
import { failpoint } from "../lib/failpoint.ts";
import { Lines } from "../lib/lines.ts";
import type { Logger } from "../lib/log.ts";
import type { Nano } from "../lib/money.ts";
import type { LowBalance } from "./alerts.ts";
import { type Admission, admit } from "./admission.ts";
import { auditMoney, noMoney } from "./audit-money.ts";
import { freeOf } from "./books.ts";
import { accountSubject, type Counter, keySubject } from "./counters.ts";
import { planCredit, planRefund, planTerms } from "./credits.ts";
import { Ends } from "./ends.ts";
import { monthOf } from "./periods.ts";
import { recoverHold, type Recovery } from "./recover.ts";
import { type Outcome, receiptOf, settledOutcome, voidedOutcome } from "./settling.ts";
import {
  type Account,
  availableOf,
  type Caps,
  heldOf,
  isUnderThreshold,
  LedgerState,
  liveGrants,
  type OpenHold,
} from "./state.ts";
import type { AppendOptions, AuditMoney, LedgerOp, LedgerStorage, SettlementRow, StoredHold } from "./storage.ts";
import { NOTHING, settlementRow, storedHold } from "./stored.ts";
import { post, turnAccount } from "./turn.ts";
import type * as Port from "./types.ts";
import { LedgerUnavailable, RowsRefused } from "./unavailable.ts";

export interface LedgerOptions {
  storage: LedgerStorage;
  clock: Clock;
  log: Logger;
  currency(): string;
  /** IANA zone of calendar months and days. */
  timezone(): string;
  /** Told once when a balance falls under its account's threshold; again only after it has been above. */
  onLowBalance?(alert: LowBalance): void;
  /** Resolves when the callers of an end that storage can't take have waited long enough. */
  patience?(): Promise<void>;
}

interface Checkpoints {
  ops: LedgerOp[];
  /** Resolves when they are on disk. */
  written: Promise<void>;
}

const VITAL: AppendOptions = { vital: true, flush: true };
const DURABLE: AppendOptions = { vital: false, flush: true };
const WRITTEN: AppendOptions = { vital: false, flush: false };

const PATIENCE_MS = 5_000;
const defaultPatience = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref());

/**
 * The ledger of one process: decides in memory, synchronously, so that no two calls can spend the same money; writes in groups. When a write
 * fails, memory is read anew from storage, and ends of holds are tried again.
 */
export class BookLedger implements Port.LedgerAdmin {
  readonly #options: LedgerOptions;
  readonly #ends: Ends;
  #state: LedgerState;
  /** Holds that storage never got: their calls end without a trace but their audit rows. With the receipt of the end, null before. */
  readonly #lost = new Map<number, Port.Receipt | null>();
  /** Those of this turn, not handed to storage yet. */
  #checkpoints: Checkpoints | null = null;
  /** What must not overlap, such as two refunds of one call. */
  readonly #lines = new Lines();

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#state = this.#load(1, 1);
    this.#ends = new Ends(options.storage, options.log, options.patience ?? defaultPatience);
    options.storage.onReset(() => this.#reload());
  }

  #load(leastHoldId: number, leastCreditId: number): LedgerState {
    const { storage } = this.#options;
    const state = new LedgerState(storage.load(), (subject, period) => storage.counter(subject, period));
    state.nextHoldId = Math.max(state.nextHoldId, leastHoldId);
    state.nextCreditId = Math.max(state.nextCreditId, leastCreditId);
    return state;
  }

  /** Ids are never given out twice in a process: one of a lost hold must not name another. */
  #reload(): void {
    const before = this.#state;
    this.#state = this.#load(before.nextHoldId, before.nextCreditId);
    for (const id of before.holds.keys()) if (!this.#state.holds.has(id)) this.#lost.set(id, null);
  }

  /** Ends the holds of an earlier boot, at their checkpoint or without charge. Run once, before the port opens. Gives their number. */
  async recover(): Promise<number> {
    return this.#endAll([...this.#state.holds.keys()], "the process ended", "recovered");
  }

  healthy(): boolean {
    return this.#options.storage.healthy();
  }

  // Not async: admission is decided, and its rows are queued, before anyone else runs.
  reserve(request: Port.ReserveRequest): Promise<Port.Reservation> {
    if (!this.healthy()) return Promise.resolve({ ok: false, refusal: { kind: "unavailable" } });
    const state = this.#state;
    const at = { now: this.#options.clock.now(), zone: this.#options.timezone() };
    const ops = this.#turn(state.account(request.accountId), at.now);
    const decision = admit(state, request, at);
    if (!decision.ok) {
      if (ops.length === 0) return Promise.resolve(decision);
      return this.#append(ops).then(
        () => decision,
        () => ({ ok: false, refusal: { kind: "unavailable" } }),
      );
    }
    const hold = storedHold(state.nextHoldId, request, decision.admission, at.now);
    state.nextHoldId += 1;
    const { callCap, keyMonthlyCap, accountMonthlyCap } = request;
    this.#open(hold, decision.admission, { call: callCap, key: keyMonthlyCap, account: accountMonthlyCap }, ops);
    const { id, requestId, accountId, amount, createdAt } = hold;
    const durable = this.#append(ops, request.streamed ? DURABLE : WRITTEN);
    return Promise.resolve({ ok: true, hold: { id: String(id), requestId, accountId, amount, createdAt }, durable });
  }

  #open(stored: StoredHold, { parts, counters, message }: Admission, caps: Caps, ops: LedgerOp[]): void {
    const account = this.#state.account(stored.accountId);
    this.#state.addHold({ stored, account, parts, counters, message, caps });
    for (const { book } of parts) if (book.posted === 0n) ops.push({ op: "book", book });
    ops.push({ op: "hold", hold: stored });
    if (message !== null) count(ops, message, 1n);
  }

  checkpoint(holdId: string, checkpoint: Port.Checkpoint): Promise<void> {
    const hold = this.#state.holds.get(Number(holdId));
    if (hold === undefined) return Promise.resolve();
    hold.stored.checkpoint = checkpoint;
    this.#checkpoints ??= this.#gatherCheckpoints();
    this.#checkpoints.ops.push({ op: "checkpoint", holdId: hold.stored.id, checkpoint });
    return this.#checkpoints.written;
  }

  /** Thousands of streams may tell theirs in one turn: that is one write. */
  #gatherCheckpoints(): Checkpoints {
    const ops: LedgerOp[] = [];
    const written = Promise.resolve().then(async () => {
      this.#checkpoints = null;
      await this.#append(ops, VITAL);
      for (let count = 0; count < ops.length; count += 1) failpoint("checkpoint");
    });
    return { ops, written };
  }

  settle(holdId: string, settlement: Port.Settlement): Promise<Port.Receipt> {
    const id = Number(holdId);
    return this.#ends.run(id, () =>
      this.#end(id, settlement.audit, (hold) => {
        const outcome = settledOutcome(this.#state, hold, settlement, this.#options.clock.now());
        return { outcome, money: auditMoney(settlement, outcome.charged, this.#options.currency()) };
      }),
    );
  }

  void(holdId: string, reason: string, audit: Port.AuditRecordInput): Promise<Port.Receipt> {
    const id = Number(holdId);
    return this.#ends.run(id, () =>
      this.#end(id, audit, () => ({ outcome: voidedOutcome(reason), money: noMoney(this.#options.currency()) })),
    );
  }

  /** At most one end per hold: later calls get the receipt of the first. */
  async #end(
    id: number,
    audit: Port.AuditRecordInput,
    plan: (hold: OpenHold) => { outcome: Outcome; money: AuditMoney },
  ): Promise<Port.Receipt> {
    const hold = this.#state.holds.get(id);
    if (hold === undefined) return this.#endOfAbsent(id, audit);
    const { outcome, money } = plan(hold);
    if (outcome.overrun > 0n) {
      this.#options.log.warn("usage beyond what the account could pay was absorbed", {
        request_id: hold.stored.requestId,
        nano: outcome.overrun.toString(),
      });
    }
    const row = this.#close(hold, outcome, audit, money);
    await row.durable;
    failpoint("after-settle-commit");
    return receiptOf(row.settlement, this.#options.currency());
  }

  async #endOfAbsent(id: number, audit: Port.AuditRecordInput): Promise<Port.Receipt> {
    const lost = this.#lost.get(id);
    if (lost === undefined) {
      const done = this.#options.storage.findReceiptOfHold(id);
      if (done === null) throw new Error(`no hold ${id}`);
      return done;
    }
    if (lost !== null) return lost;
    const currency = this.#options.currency();
    // Vital like every end: what waits for storage that takes ends would try for ever to write anything less.
    await this.#append([{ op: "audit", holdId: null, record: audit, money: noMoney(currency) }], VITAL);
    const { requestId, accountId } = audit;
    const settledAt = this.#options.clock.now();
    const { detail } = voidedOutcome("the hold could not be stored");
    const receipt = receiptOf({ ...NOTHING, holdId: id, requestId, accountId, settledAt, detail }, currency);
    this.#lost.set(id, receipt);
    return receipt;
  }

  #close(
    hold: OpenHold,
    outcome: Outcome,
    record: Port.AuditRecordInput,
    money: AuditMoney,
  ): { settlement: SettlementRow; durable: Promise<void> } {
    const state = this.#state;
    const now = this.#options.clock.now();
    const settlement = settlementRow(hold, outcome, now);
    const { holdId, charged, absorbed } = settlement;
    const ops: LedgerOp[] = [{ op: "settlement", row: settlement }];
    state.removeHold(hold);
    const { revenue } = state.books;
    for (const { book, amount } of outcome.paid) {
      post(state, ops, { at: now, debit: book, credit: revenue, amount, kind: "charge", reference: holdId });
    }
    if (absorbed > 0n) {
      const debit = state.books.operator("absorbed");
      post(state, ops, { at: now, debit, credit: revenue, amount: absorbed, kind: "absorbed", reference: holdId });
    }
    if (charged > 0n) for (const counter of hold.counters) count(ops, counter, charged);
    // A call that was not served is no message.
    if (outcome.state === "voided" && hold.message !== null) count(ops, hold.message, -1n);
    ops.push({ op: "audit", holdId, record, money });
    if (hold.account.grants.length > 0) {
      hold.account.turnAt = 0;
      ops.push(...this.#turn(hold.account, now));
    }
    this.#lookAtThreshold(hold.account, ops);
    failpoint("before-settle-commit");
    return { settlement, durable: this.#append(ops, VITAL) };
  }

  record(audit: Port.AuditRecordInput): Promise<void> {
    return this.#append([{ op: "audit", holdId: null, record: audit, money: noMoney(this.#options.currency()) }]);
  }

  credit(request: Port.CreditRequest): Promise<Port.Balance> {
    return this.#lines.run(`credits ${request.accountId}`, async () => {
      this.#requireHealth();
      const planned = planCredit(this.#state, request, this.#options.clock.now(), this.#options.storage);
      this.#lookAtThreshold(planned.account, planned.ops);
      await this.#append(planned.ops);
      return this.balance(request.accountId);
    });
  }

  refund(request: Port.RefundRequest): Promise<Port.Balance> {
    // In one line with the account's other credits, which may bear the same idempotency key.
    const accountId = this.#options.storage.findCharge(request.requestId)?.accountId ?? "";
    return this.#lines.run(`credits ${accountId}`, async () => {
      this.#requireHealth();
      const planned = planRefund(this.#state, request, this.#options.clock.now(), this.#options.storage);
      this.#lookAtThreshold(planned.account, planned.ops);
      await this.#append(planned.ops);
      return this.balance(planned.account.id);
    });
  }

  async setTerms(terms: Port.AccountTerms): Promise<void> {
    this.#requireHealth();
    const ops = planTerms(this.#state, terms);
    ops.push(...this.#turn(this.#state.account(terms.accountId), this.#options.clock.now()));
    await this.#append(ops);
  }

  terms(accountId: string): Port.AccountTerms {
    return this.#state.account(accountId).terms;
  }

  openCalls(accountId: string): number {
    let count = 0;
    for (const { stored } of this.#state.holds.values()) if (stored.accountId === accountId) count += 1;
    return count;
  }

  async balance(accountId: string): Promise<Port.Balance> {
    const { clock, timezone, currency } = this.#options;
    const now = clock.now();
    const turned = this.healthy() ? this.#turn(this.#state.account(accountId), now) : [];
    if (turned.length > 0) await this.#append(turned);
    const state = this.#state;
    const account = state.account(accountId);
    return {
      accountId,
      currency: currency(),
      wallet: account.wallet.posted,
      grants: liveGrants(account, now).reduce((sum, { book }) => sum + book.posted, 0n),
      held: heldOf(account),
      available: availableOf(account, now),
      spentThisMonth: state.counters.of(accountSubject(accountId), monthOf(now, timezone())).value,
      receivable: -state.receivable(account).posted,
    };
  }

  keySpend(keyId: string): Promise<Nano> {
    const month = monthOf(this.#options.clock.now(), this.#options.timezone());
    return Promise.resolve(this.#state.counters.of(keySubject(keyId), month).value);
  }

  receipt(requestId: string): Promise<Port.Receipt | null> {
    return Promise.resolve(this.#options.storage.findReceipt(requestId));
  }

  async sweep(holdsBefore: number): Promise<{ grants: number; holds: number }> {
    const now = this.#options.clock.now();
    const old = [...this.#state.holds].filter(([, hold]) => hold.stored.createdAt < holdsBefore);
    const holds = await this.#endAll(
      old.map(([id]) => id),
      "the call never ended",
      "expired",
    );
    const ops = [...this.#state.accounts.values()].flatMap((account) => this.#turn(account, now));
    if (ops.length > 0) await this.#append(ops);
    return { grants: ops.filter((op) => op.op === "entry" && op.entry.kind === "expired").length, holds };
  }

  /** Ends holds without their calls. Gives their number. */
  async #endAll(ids: readonly number[], reason: string, end: "recovered" | "expired"): Promise<number> {
    const ending = ids.map((id) =>
      this.#ends.run(id, async () => {
        const hold = this.#state.holds.get(id);
        const at = { now: this.#options.clock.now(), currency: this.#options.currency(), reason, end };
        if (hold === undefined) throw new Error(`no hold ${id}`);
        const recovery: Recovery = recoverHold(this.#state, hold, at);
        const closed = this.#close(hold, recovery.outcome, recovery.audit, recovery.money);
        await closed.durable;
        return receiptOf(closed.settlement, at.currency);
      }),
    );
    await Promise.all(ending);
    return ids.length;
  }

  #turn(account: Account, now: number): LedgerOp[] {
    if (now < account.turnAt) return [];
    const { storage } = this.#options;
    const ops = turnAccount(this.#state, account, now, (id, key) => storage.findCredit(id, key));
    if (ops.length > 0) this.#lookAtThreshold(account, ops);
    return ops;
  }

  /** A balance that has just fallen under its account's threshold is told with the very rows that did it. */
  #lookAtThreshold(account: Account, ops: LedgerOp[]): void {
    const { lowBalance } = account.terms;
    if (lowBalance === null) return;
    const isLow = isUnderThreshold(account);
    if (isLow === account.isLow) return;
    account.isLow = isLow;
    if (!isLow) return;
    const balance = account.grants.reduce((sum, { book }) => sum + freeOf(book), freeOf(account.wallet));
    const alert = { accountId: account.id, at: this.#options.clock.now(), balance, threshold: lowBalance };
    ops.push({ op: "low_balance", alert });
    this.#options.onLowBalance?.(alert);
  }

  #requireHealth(): void {
    if (!this.healthy()) throw new LedgerUnavailable("admission is shut");
  }

  #append(ops: readonly LedgerOp[], options = DURABLE): Promise<void> {
    return this.#options.storage.append(ops, options).catch(refuse);
  }
}

function refuse(error: unknown): never {
  throw error instanceof RowsRefused ? error : new LedgerUnavailable(error);
}

function count(ops: LedgerOp[], counter: Counter, delta: Nano): void {
  counter.value += delta;
  ops.push({ op: "counter", subject: counter.subject, period: counter.period, delta });
}
