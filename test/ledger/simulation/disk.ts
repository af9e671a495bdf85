import type { CreditRow, Grant, LedgerOp, SettlementRow, StoredHold } from "../../../src/ledger/storage.ts";
import type { AccountTerms } from "../../../src/ledger/types.ts";

export interface DiskEntry {
  debit: number;
  credit: number;
  amount: bigint;
  kind: string;
  reference: number;
}

export interface DiskAudit {
  holdId: number | null;
  requestId: string;
  charged: bigint;
}

/** What a disk keeps of a ledger: rows only, nothing shared with the memory of a process. */
export class Disk {
  readonly books = new Map<number, { name: string; posted: bigint }>();
  readonly holds = new Map<number, StoredHold>();
  readonly settlements = new Map<number, SettlementRow>();
  readonly settlementOfRequest = new Map<string, number>();
  readonly entries: DiskEntry[] = [];
  /** Positions in `entries` by hold. */
  readonly entriesOfHold = new Map<number, DiskEntry[]>();
  readonly counters = new Map<string, bigint>();
  readonly grants = new Map<number, Grant>();
  readonly credits = new Map<number, CreditRow>();
  readonly creditOfKey = new Map<string, number>();
  readonly terms = new Map<string, AccountTerms>();
  readonly audit: DiskAudit[] = [];

  /** Wallet and grants by account. */
  readonly #balances = new Map<string, bigint>();

  write(ops: readonly LedgerOp[]): void {
    const low = new Set([...this.terms.keys()].filter((accountId) => this.#isLow(accountId)));
    for (const op of ops) this.#write(op);
    this.#checkAlerts(ops, low);
  }

  #isLow(accountId: string): boolean {
    const threshold = this.terms.get(accountId)?.lowBalance ?? null;
    return threshold !== null && (this.#balances.get(accountId) ?? 0n) < threshold;
  }

  /** A balance that falls under its threshold is told once, by the very write that does it; a new threshold is no fall. */
  #checkAlerts(ops: readonly LedgerOp[], before: ReadonlySet<string>): void {
    const told = ops.flatMap((op) => (op.op === "low_balance" ? [op.alert.accountId] : []));
    const agreed = new Set(ops.flatMap((op) => (op.op === "terms" ? [op.terms.accountId] : [])));
    for (const accountId of this.terms.keys()) {
      if (agreed.has(accountId)) continue;
      const expected = this.#isLow(accountId) && !before.has(accountId) ? 1 : 0;
      const count = told.filter((id) => id === accountId).length;
      if (count !== expected) throw new Error(`${count} low-balance alerts of ${accountId} instead of ${expected}`);
    }
  }

  #move({ name }: { name: string }, amount: bigint): void {
    const [kind, id = ""] = name.split(":");
    const accountId = kind === "wallet" ? id : kind === "grant" ? this.grants.get(Number(id))?.accountId : undefined;
    if (accountId !== undefined) this.#balances.set(accountId, (this.#balances.get(accountId) ?? 0n) + amount);
  }

  #write(op: LedgerOp): void {
    switch (op.op) {
      case "hold":
        if (this.holds.has(op.hold.id) || this.settlements.has(op.hold.id)) throw new Error("hold id used twice");
        return void this.holds.set(op.hold.id, structuredClone(op.hold));
      case "checkpoint": {
        const hold = this.holds.get(op.holdId);
        if (hold !== undefined) hold.checkpoint = structuredClone(op.checkpoint);
        return;
      }
      case "settlement":
        return this.#settle(op.row);
      case "book":
        return void this.#book(op.book);
      case "entry":
        return this.#post(op.entry);
      case "counter": {
        const key = `${op.subject}\n${op.period}`;
        return void this.counters.set(key, (this.counters.get(key) ?? 0n) + op.delta);
      }
      case "grant":
        return void this.grants.set(op.grant.id, { ...op.grant });
      case "credit":
        return this.#credit(op.credit);
      case "terms":
        return void this.terms.set(op.terms.accountId, structuredClone(op.terms));
      case "low_balance":
        return;
      case "audit":
        this.audit.push({ holdId: op.holdId, requestId: op.record.requestId, charged: op.money.charged });
    }
  }

  #settle(row: SettlementRow): void {
    if (this.settlements.has(row.holdId)) throw new Error(`hold ${row.holdId} settled twice`);
    if (!this.holds.delete(row.holdId)) throw new Error(`no open hold ${row.holdId}`);
    this.settlements.set(row.holdId, { ...row });
    this.settlementOfRequest.set(row.requestId, row.holdId);
  }

  #book({ id, name }: { id: number; name: string }): { name: string; posted: bigint } {
    const known = this.books.get(id);
    if (known !== undefined) {
      if (known.name !== name) throw new Error(`book ${id} is ${known.name}, not ${name}`);
      return known;
    }
    const made = { name, posted: 0n };
    this.books.set(id, made);
    return made;
  }

  #post({ at, debit, credit, amount, kind, reference }: Extract<LedgerOp, { op: "entry" }>["entry"]): void {
    if (amount <= 0n) throw new Error("an entry of nothing");
    const expiresAt = this.grants.get(reference)?.expiresAt ?? Infinity;
    if (kind === "expired" && expiresAt > at) throw new Error(`grant ${reference} expired before its time`);
    this.#book(debit).posted -= amount;
    this.#book(credit).posted += amount;
    this.#move(debit, -amount);
    this.#move(credit, amount);
    const entry = { debit: debit.id, credit: credit.id, amount, kind, reference };
    this.entries.push(entry);
    if (kind !== "charge" && kind !== "absorbed" && kind !== "refund") return;
    const ofHold = this.entriesOfHold.get(reference);
    if (ofHold === undefined) this.entriesOfHold.set(reference, [entry]);
    else ofHold.push(entry);
  }

  #credit(credit: CreditRow): void {
    if (this.credits.has(credit.id)) throw new Error(`credit ${credit.id} twice`);
    if (credit.idempotencyKey !== null) {
      const key = `${credit.accountId}\n${credit.idempotencyKey}`;
      if (this.creditOfKey.has(key)) throw new Error(`idempotency key ${credit.idempotencyKey} twice`);
      this.creditOfKey.set(key, credit.id);
    }
    this.credits.set(credit.id, { ...credit });
  }

  posted(name: string): bigint {
    for (const book of this.books.values()) if (book.name === name) return book.posted;
    return 0n;
  }
}
