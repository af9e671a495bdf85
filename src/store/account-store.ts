import { eq } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { AccountRecord, KeyRecord, KeyStore } from "../gates/types.ts";
import { accounts, keys } from "./schema.ts";
import type { Writer } from "./writer.ts";

type KeyRow = typeof keys.$inferSelect;
type AccountRow = typeof accounts.$inferSelect;

/**
 * Keys and accounts. Every one that was asked for stays in memory, under its full digest or id; this process is the only writer, so what
 * it writes it also remembers, and a revoked key is refused at the very next request.
 */
export class AccountStore implements KeyStore {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  readonly #keys = new Map<string, KeyRecord>();
  readonly #idsByDigest = new Map<string, string>();
  readonly #accounts = new Map<string, AccountRecord>();
  readonly #touched = new Map<string, number>();

  constructor(db: BunSQLiteDatabase, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
    for (const row of db.select().from(accounts).all()) this.#accounts.set(row.id, accountOf(row));
    for (const row of db.select().from(keys).all()) this.#remember(keyOf(row));
  }

  #remember(key: KeyRecord): void {
    this.#keys.set(key.id, key);
    this.#idsByDigest.set(key.digest, key.id);
  }

  findByDigest(digest: string): KeyRecord | null {
    const id = this.#idsByDigest.get(digest);
    return id === undefined ? null : this.findKey(id);
  }

  findKey(id: string): KeyRecord | null {
    const key = this.#keys.get(id);
    if (key === undefined) return null;
    const lastUsedAt = this.#touched.get(id);
    return lastUsedAt === undefined ? key : { ...key, lastUsedAt };
  }

  listKeys(accountId: string): KeyRecord[] {
    return [...this.#keys.values()]
      .filter((key) => key.accountId === accountId)
      .map((key) => this.findKey(key.id) ?? key);
  }

  async insertKey(key: KeyRecord): Promise<void> {
    await this.#writer.enqueue(() => void this.#db.insert(keys).values(rowOfKey(key)).run());
    this.#remember(key);
  }

  async updateKey(id: string, change: Partial<Omit<KeyRecord, "id" | "accountId">>): Promise<KeyRecord | null> {
    const old = this.findKey(id);
    if (old === null) return null;
    const key = { ...old, ...change };
    await this.#writer.enqueue(() => void this.#db.update(keys).set(rowOfKey(key)).where(eq(keys.id, id)).run());
    if (key.digest !== old.digest) this.#idsByDigest.delete(old.digest);
    this.#remember(key);
    return key;
  }

  /** Remembered at once; written with the key's next change or at `flushTouched`. */
  touchKey(id: string, at: number): void {
    this.#touched.set(id, at);
  }

  /** Writes when keys were last used. */
  async flushTouched(): Promise<void> {
    const touched = [...this.#touched];
    if (touched.length === 0) return;
    await this.#writer.enqueue(() => {
      for (const [id, at] of touched) this.#db.update(keys).set({ lastUsedAt: at }).where(eq(keys.id, id)).run();
    });
    for (const [id, at] of touched) {
      const key = this.#keys.get(id);
      if (key !== undefined) this.#keys.set(id, { ...key, lastUsedAt: at });
      if (this.#touched.get(id) === at) this.#touched.delete(id);
    }
  }

  findAccount(id: string): AccountRecord | null {
    return this.#accounts.get(id) ?? null;
  }

  listAccounts(): AccountRecord[] {
    return [...this.#accounts.values()];
  }

  async insertAccount(account: AccountRecord): Promise<void> {
    await this.#writer.enqueue(() => void this.#db.insert(accounts).values(rowOfAccount(account)).run());
    this.#accounts.set(account.id, account);
  }

  async updateAccount(id: string, change: Partial<Omit<AccountRecord, "id">>): Promise<AccountRecord | null> {
    const old = this.findAccount(id);
    if (old === null) return null;
    const account = { ...old, ...change };
    await this.#writer.enqueue(
      () => void this.#db.update(accounts).set(rowOfAccount(account)).where(eq(accounts.id, id)).run(),
    );
    this.#accounts.set(id, account);
    return account;
  }
}

function keyOf(row: KeyRow): KeyRecord {
  return {
    ...row,
    models: JSON.parse(row.models) as string[],
    limits: row.limits === null ? null : (JSON.parse(row.limits) as KeyRecord["limits"]),
    strict: row.strict === 1,
  };
}

function rowOfKey(key: KeyRecord): KeyRow {
  return {
    ...key,
    models: JSON.stringify(key.models),
    limits: key.limits === null ? null : JSON.stringify(key.limits),
    strict: key.strict ? 1 : 0,
  };
}

const accountOf = (row: AccountRow): AccountRecord => ({ ...row, ownProvidersOnly: row.ownProvidersOnly === 1 });
const rowOfAccount = (account: AccountRecord): AccountRow => ({
  ...account,
  ownProvidersOnly: account.ownProvidersOnly ? 1 : 0,
});
