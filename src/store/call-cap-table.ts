import { and, eq } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { Nano } from "../lib/money.ts";
import { callCaps } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** The customers' own caps per call; all in memory, since every call asks. */
export class CallCapTable {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  readonly #caps = new Map<string, Nano>();
  constructor(db: BunSQLiteDatabase, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
    for (const row of db.select().from(callCaps).all()) this.#caps.set(`${row.accountId}\n${row.modelId}`, row.cap);
  }

  get(accountId: string, modelId: string): Nano | null {
    return this.#caps.get(`${accountId}\n${modelId}`) ?? null;
  }

  async set(accountId: string, modelId: string, cap: Nano | null): Promise<void> {
    const at = and(eq(callCaps.accountId, accountId), eq(callCaps.modelId, modelId));
    await this.#writer.enqueue(() => {
      this.#db.delete(callCaps).where(at).run();
      if (cap !== null) this.#db.insert(callCaps).values({ accountId, modelId, cap }).run();
    });
    if (cap === null) this.#caps.delete(`${accountId}\n${modelId}`);
    else this.#caps.set(`${accountId}\n${modelId}`, cap);
  }
}
