import { and, eq, gt, lt } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { type JsonObject, type JsonValue, parseJson } from "../lib/json.ts";
import type { ResponseStore, StoredResponse } from "../responses/port.ts";
import { responses } from "./schema.ts";
import type { Writer } from "./writer.ts";

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
