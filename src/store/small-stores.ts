import { and, eq, gt, lt } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { Nano } from "../lib/money.ts";
import type { ResponseStore, StoredResponse } from "../responses/port.ts";
import { type JsonObject, type JsonValue, parseJson } from "../lib/json.ts";
import { callCaps, idempotency, responses } from "./schema.ts";
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

/** Stored responses. Every read and write names the account: an id of another account does not exist for this one. */
export class ResponseTable implements ResponseStore {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  readonly #now: () => number;
  constructor(db: BunSQLiteDatabase, writer: Writer, now: () => number) {
    this.#db = db;
    this.#writer = writer;
    this.#now = now;
  }

  async put(record: StoredResponse): Promise<void> {
    const row = {
      ...record,
      input: JSON.stringify(record.input),
      response: JSON.stringify(record.response),
      pin: JSON.stringify(record.pin),
    };
    // The same id again replaces what the account kept under it.
    const again = { target: [responses.account, responses.id], set: row };
    await this.#writer.enqueue(() => void this.#db.insert(responses).values(row).onConflictDoUpdate(again).run());
  }

  get(id: string, account: string): Promise<StoredResponse | null> {
    const row = this.#db
      .select()
      .from(responses)
      .where(and(eq(responses.id, id), eq(responses.account, account), gt(responses.expires, this.#now())))
      .get();
    if (row === undefined) return Promise.resolve(null);
    return Promise.resolve({
      ...row,
      input: parseJson(row.input) as JsonObject[],
      response: parseJson(row.response) as JsonObject,
      pin: parseJson(row.pin) as JsonValue,
    });
  }

  async delete(id: string, account: string): Promise<boolean> {
    let deleted = 0;
    await this.#writer.enqueue(() => {
      const where = and(eq(responses.id, id), eq(responses.account, account));
      deleted = this.#db.delete(responses).where(where).returning({ id: responses.id }).all().length;
    });
    return deleted > 0;
  }

  async sweep(now: number): Promise<number> {
    let swept = 0;
    await this.#writer.enqueue(() => {
      swept = this.#db.delete(responses).where(lt(responses.expires, now)).returning({ id: responses.id }).all().length;
    });
    return swept;
  }
}
