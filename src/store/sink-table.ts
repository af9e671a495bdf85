import { eq } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import type { AuditSink, SinkStore } from "../audit/sinks.ts";
import { auditSinks } from "./schema.ts";
import type { Writer } from "./writer.ts";

/** The accounts' sinks for audit records; all in memory. */
export class SinkTable implements SinkStore {
  readonly #db: BunSQLiteDatabase;
  readonly #writer: Writer;
  readonly #sinks = new Map<string, AuditSink>();

  constructor(db: BunSQLiteDatabase, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
    for (const row of db.select().from(auditSinks).all()) this.#sinks.set(row.accountId, row);
  }

  list(): readonly AuditSink[] {
    return [...this.#sinks.values()];
  }

  find(accountId: string): AuditSink | null {
    return this.#sinks.get(accountId) ?? null;
  }

  async put(sink: AuditSink): Promise<void> {
    const again = { target: auditSinks.accountId, set: sink };
    await this.#writer.enqueue(() => void this.#db.insert(auditSinks).values(sink).onConflictDoUpdate(again).run());
    this.#sinks.set(sink.accountId, sink);
  }

  async advance(accountId: string, position: number): Promise<void> {
    const at = eq(auditSinks.accountId, accountId);
    await this.#writer.enqueue(() => void this.#db.update(auditSinks).set({ position }).where(at).run());
    const sink = this.#sinks.get(accountId);
    if (sink !== undefined) this.#sinks.set(accountId, { ...sink, position });
  }

  async remove(accountId: string): Promise<boolean> {
    if (!this.#sinks.has(accountId)) return false;
    const at = eq(auditSinks.accountId, accountId);
    await this.#writer.enqueue(() => void this.#db.delete(auditSinks).where(at).run());
    return this.#sinks.delete(accountId);
  }
}
