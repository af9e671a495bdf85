import type { Nano } from "../lib/money.ts";
import { type Book, Books, freeOf, grantName, receivableName, walletName } from "./books.ts";
import { accountSubject, type Counter, Counters, keySubject, messageSubject } from "./counters.ts";
import type { Entry, Grant, LedgerSnapshot, StoredHold } from "./storage.ts";
import type { AccountTerms } from "./types.ts";

/** Part of a hold that one book has put aside. */
export interface HeldPart {
  book: Book;
  amount: Nano;
}

/** Limits on what one call, and a month's calls, may be charged, nano-units; null = none. */
export interface Caps {
  call: Nano | null;
  key: Nano | null;
  account: Nano | null;
}

export interface OpenHold {
  stored: StoredHold;
  account: Account;
  parts: HeldPart[];
  /** Monthly spend of account and key that its charge will count toward. */
  counters: readonly Counter[];
  message: Counter | null;
  /** Null when the hold was read from storage: then it is charged no more than was held. */
  caps: Caps | null;
}

export interface LiveGrant {
  grant: Grant;
  book: Book;
}

/** One customer's money. */
export interface Account {
  readonly id: string;
  readonly wallet: Book;
  /** By earliest expiry. Expired ones stay while a hold still has a part of them. */
  grants: LiveGrant[];
  terms: AccountTerms;
  /** ms at which a grant expires or a subscription's next period begins: no need to look before. */
  turnAt: number;
  /** ms up to which the account has had a subscription period's credit. */
  subscribedUntil: number;
  /** The balance was under the account's threshold when it was looked at last. */
  isLow: boolean;
}

/**
 * Balances, counters and open holds in memory: what admission is decided on. Every change is mirrored by ops that make it durable; when
 * those fail, the whole state is read anew from storage.
 */
export class LedgerState {
  readonly books: Books;
  readonly counters: Counters;
  readonly holds = new Map<number, OpenHold>();
  readonly accounts = new Map<string, Account>();
  nextHoldId: number;
  nextCreditId: number;

  constructor(snapshot: LedgerSnapshot, readCounter: (subject: string, period: string) => Nano) {
    this.books = new Books(snapshot.books);
    this.counters = new Counters(readCounter);
    this.nextHoldId = snapshot.nextHoldId;
    this.nextCreditId = snapshot.nextCreditId;
    for (const grant of snapshot.grants) this.addGrant(grant);
    for (const terms of snapshot.terms) this.account(terms.accountId).terms = terms;
    for (const hold of snapshot.openHolds) this.addHold(this.openHold(hold));
    for (const account of this.accounts.values()) account.isLow = isUnderThreshold(account);
  }

  account(id: string): Account {
    let account = this.accounts.get(id);
    if (account === undefined) {
      account = {
        id,
        wallet: this.books.named(walletName(id)),
        grants: [],
        terms: { accountId: id, subscription: null, creditLimit: null, lowBalance: null },
        turnAt: 0,
        subscribedUntil: 0,
        isLow: false,
      };
      this.accounts.set(id, account);
    }
    return account;
  }

  receivable(account: Account): Book {
    return this.books.named(receivableName(account.id));
  }

  addGrant(grant: Grant): LiveGrant {
    const account = this.account(grant.accountId);
    const live = { grant, book: this.books.named(grantName(grant.id)) };
    account.grants = [...account.grants, live].sort((a, b) => expiryOf(a) - expiryOf(b));
    account.turnAt = Math.min(account.turnAt, expiryOf(live));
    if (grant.kind === "subscription") account.subscribedUntil = Math.max(account.subscribedUntil, expiryOf(live));
    return live;
  }

  /** A stored hold with its books and counters. */
  openHold(stored: StoredHold): OpenHold {
    const { accountId, keyId, month, message } = stored;
    return {
      stored,
      account: this.account(accountId),
      parts: stored.parts.map(({ book, amount }) => ({ book: this.books.numbered(book), amount })),
      counters: this.spendCounters(accountId, keyId, month),
      message: message === null ? null : this.counters.of(messageSubject(message.subject), message.day),
      caps: null,
    };
  }

  spendCounters(accountId: string, keyId: string | null, month: string): Counter[] {
    const own = this.counters.of(accountSubject(accountId), month);
    return keyId === null ? [own] : [own, this.counters.of(keySubject(keyId), month)];
  }

  addHold(hold: OpenHold): void {
    this.holds.set(hold.stored.id, hold);
    for (const { book, amount } of hold.parts) book.held += amount;
    for (const counter of hold.counters) counter.pending += hold.stored.amount;
  }

  removeHold(hold: OpenHold): void {
    this.holds.delete(hold.stored.id);
    for (const { book, amount } of hold.parts) book.held -= amount;
    for (const counter of hold.counters) counter.pending -= hold.stored.amount;
  }

  post({ debit, credit, amount }: Entry): void {
    debit.posted -= amount;
    credit.posted += amount;
  }
}

/** ms since the epoch; Infinity for a grant that never expires. */
export const expiryOf = ({ grant }: LiveGrant): number => grant.expiresAt ?? Infinity;

/** Grants that may be used at `now`, by earliest expiry. */
export const liveGrants = (account: Account, now: number): LiveGrant[] =>
  account.grants.filter((live) => expiryOf(live) > now);

/** What an account has, held parts included, in wallet and grants. */
function postedOf(account: Account): Nano {
  return account.grants.reduce((sum, { book }) => sum + book.posted, account.wallet.posted);
}

/** What an account's holds have put aside of wallet and grants. */
export function heldOf(account: Account): Nano {
  return account.grants.reduce((sum, { book }) => sum + book.held, account.wallet.held);
}

/** What a new call of the account can be paid from, grants and wallet. */
export function availableOf(account: Account, now: number): Nano {
  return liveGrants(account, now).reduce((sum, { book }) => sum + freeOf(book), freeOf(account.wallet));
}

/** Has the account less than it wanted to be told of? */
export function isUnderThreshold(account: Account): boolean {
  const { lowBalance } = account.terms;
  return lowBalance !== null && postedOf(account) < lowBalance;
}
