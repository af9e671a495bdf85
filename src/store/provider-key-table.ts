import { eq } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { ProviderKeyRecord, ProviderKeyStore } from "../gates/provider-keys.ts";
import { providerKeys } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** Provider keys by account; their ciphertexts are all in memory, since every call asks. */
export class ProviderKeyTable implements ProviderKeyStore {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  readonly #byAccount = new Map<string, readonly ProviderKeyRecord[]>();

  constructor(db: BunSQLiteDatabase, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
    for (const row of db.select().from(providerKeys).orderBy(providerKeys.createdAt, providerKeys.id).all()) {
      this.#remember(row);
    }
  }

  list(accountId: string): readonly ProviderKeyRecord[] {
    return this.#byAccount.get(accountId) ?? NONE;
  }

  all(): readonly ProviderKeyRecord[] {
    return [...this.#byAccount.values()].flat();
  }

  async insert(record: ProviderKeyRecord): Promise<void> {
    await this.#writer.enqueue(() => void this.#db.insert(providerKeys).values(record).run());
    this.#remember(record);
  }

  async replace(records: readonly ProviderKeyRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#writer.enqueue(() => {
      for (const { id, sealed } of records) {
        this.#db.update(providerKeys).set({ sealed }).where(eq(providerKeys.id, id)).run();
      }
    });
    const sealed = new Map(records.map((record) => [record.id, record.sealed]));
    for (const [accountId, list] of this.#byAccount) {
      this.#byAccount.set(
        accountId,
        list.map((record) => ({ ...record, sealed: sealed.get(record.id) ?? record.sealed })),
      );
    }
  }

  async remove(id: string, accountId: string): Promise<boolean> {
    if (!this.list(accountId).some((record) => record.id === id)) return false;
    await this.#writer.enqueue(() => void this.#db.delete(providerKeys).where(eq(providerKeys.id, id)).run());
    this.#byAccount.set(
      accountId,
      this.list(accountId).filter((record) => record.id !== id),
    );
    return true;
  }

  #remember(record: ProviderKeyRecord): void {
    this.#byAccount.set(record.accountId, [...this.list(record.accountId), record]);
  }
}

const NONE: readonly ProviderKeyRecord[] = [];
