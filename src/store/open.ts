import { Database, SQLiteError } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { errorText, type Logger } from "../lib/log.ts";
import { AccountArchive } from "./account-archive.ts";
import { AccountStore } from "./account-store.ts";
import { SqliteAccounting } from "./accounting-store.ts";
import { AlertTable } from "./alert-table.ts";
import { AuditQueries } from "./audit-queries.ts";
import { Erasure } from "./erasure.ts";
import { CallPlaces } from "./call-places.ts";
import { DATABASE_FILE, flushToDisk, RESERVE_FILE, SECRET_FILE } from "./files.ts";
import { FolderLock } from "./folder-lock.ts";
import { SqliteLedgerStorage } from "./ledger-storage.ts";
import { InvoiceQueries } from "./invoice-queries.ts";
import { IssuedInvoices } from "./issued-invoices.ts";
import { migrate } from "./migrations.ts";
import { OwnershipTable } from "./ownership-table.ts";
import { ProviderKeyTable } from "./provider-key-table.ts";
import { CallCapTable } from "./call-cap-table.ts";
import { IdempotencyTable } from "./idempotency-table.ts";
import { ResponseTable } from "./response-table.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { Retention } from "./retention.ts";
import { SinkTable } from "./sink-table.ts";
import { checkFile, checkNewestCalls } from "./start-check.ts";
import { Summaries } from "./summaries.ts";
import { Writer } from "./writer.ts";
import { LogFlush } from "./log-flush.ts";

/** Everything that is kept in a data folder. One process has it open at a time. */
export interface Store {
  ledger: SqliteLedgerStorage;
  accounts: AccountStore;
  accounting: SqliteAccounting;
  audit: AuditQueries;
  invoices: InvoiceQueries;
  issued: IssuedInvoices;
  archive: AccountArchive;
  erasure: Erasure;
  summaries: Summaries;
  retention: Retention;
  idempotency: IdempotencyTable;
  callCaps: CallCapTable;
  providerKeys: ProviderKeyTable;
  sinks: SinkTable;
  alerts: AlertTable;
  responses: ResponseTable;
  ownership: OwnershipTable;
  /** Writes what is queued, then lets go of the folder. */
  close(): Promise<void>;
}

/** Since 3.51.3 a WAL can't be reset under a reader (a rare corruption in all versions before it). */
const OLDEST_SQLITE = [3, 51, 3] as const;

export interface StoreOptions {
  log: Logger;
  /** The ledger's currency, for receipts. */
  currency(): string;
  /** IANA zone of the days in reports; UTC when left out. */
  timezone?: () => string;
  /** ms since the epoch. */
  now(): number;
}

/**
 * Opens the data folder, making it when it isn't there (0700; files 0600), and brings its schema up to date. Throws Error with a clear message:
 * in use by another process, not writable, damaged, or written by a newer version.
 */
export function openStore(dataDir: string, options: StoreOptions): Store {
  makeFolder(dataDir);
  const lock = new FolderLock(dataDir);
  try {
    return openLocked(dataDir, options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openLocked(dataDir: string, options: StoreOptions, lock: FolderLock): Store {
  const file = join(dataDir, DATABASE_FILE);
  const hadSecret = existsSync(join(dataDir, SECRET_FILE));
  const { db, isNew } = openDatabase(file);
  if (isNew && hadSecret) {
    // Whoever copied only a part of a folder, or removed the log, must not find that out from their customers.
    options.log.warn("the data folder has a secret but no database: a new one without accounts is made", { file });
  }
  checkNewestCalls(db, options.log);
  tune(db);
  protect(file);
  pinCurrency(db, options.currency());
  const reserve = new DiskReserve(join(dataDir, RESERVE_FILE));
  const writer = new Writer(db, { log: options.log, reserve, flush: new LogFlush(db) });
  const storage = new SqliteLedgerStorage(db, writer, options.currency);
  const orm = drizzle(db);
  const accounts = new AccountStore(orm, writer);
  const timezone = options.timezone ?? (() => "UTC");
  const summaries = new Summaries(db, { writer, timezone, log: options.log });
  const invoices = new InvoiceQueries(db, summaries, options.currency);
  return {
    ledger: storage,
    accounts,
    accounting: new SqliteAccounting(db, writer, new CallPlaces(db, summaries), timezone),
    audit: new AuditQueries(db, summaries, timezone),
    invoices,
    issued: new IssuedInvoices(db, writer, invoices),
    archive: new AccountArchive(db, options.currency),
    erasure: new Erasure(db, writer, options.log),
    summaries,
    retention: new Retention(db, writer, summaries),
    idempotency: new IdempotencyTable(orm, writer),
    callCaps: new CallCapTable(orm, writer),
    sinks: new SinkTable(orm, writer),
    alerts: new AlertTable(db, writer),
    providerKeys: new ProviderKeyTable(orm, writer),
    responses: new ResponseTable(orm, writer, options.now),
    ownership: new OwnershipTable(orm, writer, options.now),
    async close() {
      await summaries.close();
      try {
        await accounts.flushTouched();
      } catch (error) {
        // All that is lost is when keys were last used; the folder must be let go of on a full disk, too.
        options.log.warn("the last use of keys could not be written", { error: errorText(error) });
      }
      writer.close();
      db.close();
      lock.release();
    },
  };
}

/** `isNew`: nothing was in it. */
function openDatabase(file: string): { db: Database; isNew: boolean } {
  try {
    const db = new Database(file, { create: true, safeIntegers: true });
    configure(db);
    checkFile(db, file);
    const isNew = db.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() === null;
    migrate(db, file);
    return { db, isNew };
  } catch (error) {
    if (!(error instanceof SQLiteError) || !/^SQLITE_(?:CORRUPT|NOTADB|IOERR)/.test(error.code ?? "")) throw error;
    throw new Error(`the database ${file} is damaged or no database (${error.message}); restore a backup of it`, {
      cause: error,
    });
  }
}

function makeFolder(dataDir: string): void {
  try {
    const made = mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    // A folder that is new must not go with the power, or all that is flushed in it goes too.
    for (let folder = resolve(dataDir); folder !== dirname(resolve(made)); folder = dirname(folder))
      flushToDisk(dirname(folder));
  } catch (error) {
    throw new Error(`the data folder ${dataDir} can't be made: ${error instanceof Error ? error.message : ""}`, {
      cause: error,
    });
  }
}

function configure(db: Database): void {
  // The wait must be set before the journal mode, which takes a lock itself.
  db.run("PRAGMA busy_timeout = 5000");
  const { version } = db.query("SELECT sqlite_version() AS version").get() as { version: string };
  if (isOlder(version)) throw new Error(`SQLite ${version} is too old; ${OLDEST_SQLITE.join(".")} or newer is needed`);
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA foreign_keys = ON");
}

/** Settings of a running writer. */
function tune(db: Database): void {
  // The writer waits for locks itself, without blocking the event loop.
  db.run("PRAGMA busy_timeout = 0");
  db.run("PRAGMA cache_size = -16384");
  db.run("PRAGMA wal_autocheckpoint = 4000");
  db.run("PRAGMA temp_store = MEMORY");
  // What is deleted is overwritten where its page is written anyway: holds, old names.
  db.run("PRAGMA secure_delete = FAST");
}

/** Amounts in the books mean one currency for good. Throws Error when the catalog has another. */
function pinCurrency(db: Database, currency: string): void {
  db.run("INSERT INTO settings (name, value) VALUES ('currency', ?) ON CONFLICT DO NOTHING", [currency]);
  const row = db.query("SELECT value FROM settings WHERE name = 'currency'").get() as { value: string };
  if (row.value === currency) return;
  throw new Error(`the ledger of this data folder is kept in ${row.value}, but billing.currency is ${currency}`);
}

function isOlder(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, least] of OLDEST_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

function protect(file: string): void {
  for (const path of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(path)) chmodSync(path, 0o600);
}
