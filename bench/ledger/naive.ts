import { Database } from "bun:sqlite";
import { join } from "node:path";

/**
 * The obvious way, to compare with: balances live in SQLite, each step of each call is a transaction of its own, durable (FULL). The rows are
 * fewer and smaller than the ledger's.
 */
export class NaiveLedger {
  readonly #db: Database;
  readonly #reserve: (account: string, amount: number, request: string) => number;
  readonly #settle: (hold: number, account: string, amount: number, request: string) => void;

  constructor(folder: string) {
    const db = new Database(join(folder, "naive.db"), { create: true });
    this.#db = db;
    db.run("PRAGMA journal_mode = WAL");
    db.run("PRAGMA synchronous = FULL");
    db.run("CREATE TABLE balances (account TEXT PRIMARY KEY, posted INTEGER NOT NULL, held INTEGER NOT NULL)");
    db.run("CREATE TABLE holds (id INTEGER PRIMARY KEY, account TEXT, amount INTEGER, request TEXT, state TEXT)");
    db.run("CREATE TABLE receipts (hold INTEGER PRIMARY KEY, request TEXT UNIQUE, charged INTEGER, body TEXT)");
    db.run("CREATE TABLE audit (seq INTEGER PRIMARY KEY, request TEXT, account TEXT, body TEXT)");
    const free = db.prepare("SELECT posted - held AS free FROM balances WHERE account = ?");
    const hold = db.prepare("UPDATE balances SET held = held + ? WHERE account = ?");
    const insert = db.prepare(
      "INSERT INTO holds (account, amount, request, state) VALUES (?, ?, ?, 'open') RETURNING id",
    );
    this.#reserve = db.transaction((account: string, amount: number, request: string): number => {
      const row = free.get(account) as { free: number };
      if (row.free < amount) throw new Error("insufficient");
      hold.run(amount, account);
      return (insert.get(account, amount, request) as { id: number }).id;
    }).immediate;
    const pay = db.prepare("UPDATE balances SET posted = posted - ?1, held = held - ?1 WHERE account = ?2");
    const end = db.prepare("UPDATE holds SET state = 'settled' WHERE id = ?");
    const receipt = db.prepare("INSERT INTO receipts VALUES (?, ?, ?, ?)");
    const audit = db.prepare("INSERT INTO audit (request, account, body) VALUES (?, ?, ?)");
    this.#settle = db.transaction((id: number, account: string, amount: number, request: string): void => {
      pay.run(amount, account);
      end.run(id);
      receipt.run(id, request, amount, JSON.stringify({ input: 1_000, output: 200, amount }));
      audit.run(request, account, JSON.stringify({ request, account, model: "m", status: 200, amount }));
    }).immediate;
  }

  credit(account: string, amount: number): void {
    this.#db.run("INSERT INTO balances VALUES (?, ?, 0)", [account, amount]);
  }

  call(account: string, amount: number, request: string): void {
    this.#settle(this.#reserve(account, amount, request), account, amount, request);
  }

  close(): void {
    this.#db.close();
  }
}
