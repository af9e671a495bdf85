import type { Nano } from "../lib/money.ts";

/** One book of the double-entry ledger. */
export interface Book {
  readonly id: number;
  /** `wallet:<account>`, `grant:<credit>`, `receivable:<account>`, or `operator:<name>`. */
  readonly name: string;
  posted: Nano;
  /** What open holds have put aside, of wallets and grants. */
  held: Nano;
}

/** Name of the book of an account's top-ups. */
export const walletName = (accountId: string): string => `wallet:${accountId}`;
/** Name of the book of what an account owes: overage, chargebacks. */
export const receivableName = (accountId: string): string => `receivable:${accountId}`;
/** Name of the book of a grant's credit. */
export const grantName = (grantId: number): string => `grant:${grantId}`;
/** The grant whose book this is; null for books of other kinds. */
export const grantIdOf = ({ name }: Book): number | null =>
  name.startsWith("grant:") ? Number(name.slice("grant:".length)) : null;

/** The operator's books. */
export type OperatorBook =
  | "cash_in"
  | "revenue"
  | "absorbed"
  | "expired"
  | "adjust"
  | "fx"
  | "promo"
  | "subscription"
  | "tax";
const operatorName = (book: OperatorBook): string => `operator:${book}`;

/** All books, by name and number. A new one gets the next number at first use; it is stored with its first entry. */
export class Books {
  readonly #byName = new Map<string, Book>();
  readonly #byId = new Map<number, Book>();
  #next = 1;
  /** Credited by every charge. */
  readonly revenue: Book;

  constructor(books: readonly Book[]) {
    for (const book of books) {
      this.#byName.set(book.name, book);
      this.#byId.set(book.id, book);
      if (book.id >= this.#next) this.#next = book.id + 1;
    }
    this.revenue = this.operator("revenue");
  }

  named(name: string): Book {
    let book = this.#byName.get(name);
    if (book === undefined) {
      book = { id: this.#next, name, posted: 0n, held: 0n };
      this.#next += 1;
      this.#byName.set(name, book);
      this.#byId.set(book.id, book);
    }
    return book;
  }

  /** Throws Error for a number that was never given out. */
  numbered(id: number): Book {
    const book = this.#byId.get(id);
    if (book === undefined) throw new Error(`no book ${id}`);
    return book;
  }

  operator(book: OperatorBook): Book {
    return this.named(operatorName(book));
  }

  all(): IterableIterator<Book> {
    return this.#byId.values();
  }
}

/** What a wallet or grant can still give. */
export function freeOf(book: Book): Nano {
  const free = book.posted - book.held;
  return free > 0n ? free : 0n;
}
