import { and, eq, gt, lte, or } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type OwnedId, OWNERSHIP_MS, type OwnershipStore } from "../gates/ownership.ts";
import { providerIds } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** Ids of what providers keep, with their owners. Read and written only by calls that name such ids. */
export class OwnershipTable implements OwnershipStore {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  readonly #now: () => number;

  constructor(db: BunSQLiteDatabase, writer: Writer, now: () => number) {
    this.#db = db;
    this.#writer = writer;
    this.#now = now;
  }

  find(kind: string, id: string): readonly OwnedId[] {
    const live = and(eq(providerIds.kind, kind), eq(providerIds.id, id), gt(providerIds.expires, this.#now()));
    return this.#db.select().from(providerIds).where(live).all();
  }

  async claim(ids: readonly OwnedId[]): Promise<void> {
    const now = this.#now();
    await this.#writer.enqueue(() => {
      for (const owned of ids) this.#claim({ ...owned, expires: now + OWNERSHIP_MS }, now);
    });
  }

  #claim(row: typeof providerIds.$inferInsert, now: number): void {
    const { kind, id, provider, credential } = providerIds;
    this.#db
      .insert(providerIds)
      .values(row)
      .onConflictDoUpdate({
        target: [kind, id, provider, credential],
        set: { account: row.account, expires: row.expires },
        setWhere: or(eq(providerIds.account, row.account), lte(providerIds.expires, now)),
      })
      .run();
  }

  /** Forgets what expired before `now` (ms). */
  async sweep(now: number): Promise<void> {
    await this.#writer.enqueue(() => void this.#db.delete(providerIds).where(lte(providerIds.expires, now)).run());
  }
}
