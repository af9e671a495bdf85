import type { Nano } from "../lib/money.ts";
import type { Grant, HoldSource, LedgerSnapshot, OpenHold } from "./storage.ts";

/** Names of the books' accounts. */
export const walletOf = (accountId: string): string => `wallet:${accountId}`;
export const receivableOf = (accountId: string): string => `receivable:${accountId}`;
export const grantOf = (grantId: string): string => `grant:${grantId}`;

interface AccountMoney {
  /** By source: `wallet` or a grant's id. */
  held: Map<string, Nano>;
  heldTotal: Nano;
  grants: Grant[];
}

/**
 * Balances and open holds in memory: what admission is decided on. Every change of it is mirrored by ops that make it durable;
 * when those fail, the whole state is read anew.
 */
export class LedgerState {
  readonly balances: Map<string, Nano>;
  readonly holds = new Map<number, OpenHold>();
  readonly #counters: Map<string, Nano>;
  readonly #accounts = new Map<string, AccountMoney>();
  /** Open holds per counted subject and period, so that caps count what may still be spent. */
  readonly #pending = new Map<string, Nano>();
  nextHoldId: number;

  constructor(snapshot: LedgerSnapshot) {
    this.balances = snapshot.balances;
    this.#counters = snapshot.counters;
    this.nextHoldId = snapshot.nextHoldId;
    for (const grant of snapshot.grants) this.addGrant(grant);
    for (const hold of snapshot.openHolds) this.addHold(hold, []);
  }

  posted(book: string): Nano {
    return this.balances.get(book) ?? 0n;
  }

  move(debit: string, credit: string, amount: Nano): void {
    this.balances.set(debit, this.posted(debit) - amount);
    this.balances.set(credit, this.posted(credit) + amount);
  }

  account(id: string): AccountMoney {
    let account = this.#accounts.get(id);
    if (account === undefined) {
      account = { held: new Map(), heldTotal: 0n, grants: [] };
      this.#accounts.set(id, account);
    }
    return account;
  }

  addGrant(grant: Grant): void {
    const { grants } = this.account(grant.accountId);
    grants.push(grant);
    grants.sort((a, b) => (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity));
  }

  /** What a source can still give, nano-units. */
  free(accountId: string, source: string): Nano {
    const book = source === "wallet" ? walletOf(accountId) : grantOf(source);
    const left = this.posted(book) - (this.account(accountId).held.get(source) ?? 0n);
    return left > 0n ? left : 0n;
  }

  /** Sources of an account in the order in which they are used: grants by earliest expiry, then the wallet. */
  sources(accountId: string, now: number): string[] {
    const live = this.account(accountId).grants.filter((grant) => grant.expiresAt === null || grant.expiresAt > now);
    return [...live.map((grant) => grant.id), "wallet"];
  }

  /** `counted`: subjects and periods (as counter keys) in which the hold may still be spent. */
  addHold(hold: OpenHold, counted: readonly string[]): void {
    this.holds.set(hold.id, hold);
    this.#changeHeld(hold, hold.sources, 1n);
    for (const key of counted) this.#pending.set(key, (this.#pending.get(key) ?? 0n) + hold.amount);
  }

  removeHold(hold: OpenHold, counted: readonly string[]): void {
    this.holds.delete(hold.id);
    this.#changeHeld(hold, hold.sources, -1n);
    for (const key of counted) {
      const left = (this.#pending.get(key) ?? 0n) - hold.amount;
      if (left > 0n) this.#pending.set(key, left);
      else this.#pending.delete(key);
    }
  }

  #changeHeld(hold: OpenHold, sources: readonly HoldSource[], sign: bigint): void {
    const account = this.account(hold.accountId);
    for (const { source, amount } of sources) {
      if (source === "receivable") continue;
      account.held.set(source, (account.held.get(source) ?? 0n) + sign * amount);
      account.heldTotal += sign * amount;
    }
  }

  counter(key: string): Nano {
    return this.#counters.get(key) ?? 0n;
  }
  pending(key: string): Nano {
    return this.#pending.get(key) ?? 0n;
  }
  count(key: string, delta: Nano): void {
    this.#counters.set(key, this.counter(key) + delta);
  }
}

/** Key of a counter: one subject in one period. */
export const counterKey = (subject: string, period: string): string => `${subject}\n${period}`;
