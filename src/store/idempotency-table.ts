import { and, eq, lt } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { idempotency } from "./schema.ts";
import type { Writer } from "./writer.ts";

type IdempotencyRecord = typeof idempotency.$inferSelect;

/** Which idempotency keys have been used. */
export class IdempotencyTable {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  constructor(db: BunSQLiteDatabase, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  find(subject: string, key: string): IdempotencyRecord | null {
    return this.#db.select().from(idempotency).where(this.#at(subject, key)).get() ?? null;
  }

  async insert(record: IdempotencyRecord): Promise<boolean> {
    if (this.find(record.subject, record.key) !== null) return false;
    let inserted = true;
    await this.#writer.enqueue(() => {
      const rows = this.#db.insert(idempotency).values(record).onConflictDoNothing().returning().all();
      inserted = rows.length === 1;
    });
    return inserted;
  }

  async remove(subject: string, key: string): Promise<void> {
    await this.#writer.enqueue(() => void this.#db.delete(idempotency).where(this.#at(subject, key)).run());
  }

  /** Forgets keys that were used before `before` (ms). */
  async sweep(before: number): Promise<void> {
    await this.#writer.enqueue(() => void this.#db.delete(idempotency).where(lt(idempotency.createdAt, before)).run());
  }

  #at(subject: string, key: string) {
    return and(eq(idempotency.subject, subject), eq(idempotency.key, key));
  }
}
