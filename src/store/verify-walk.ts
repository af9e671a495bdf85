import type { Database, Statement } from "bun:sqlite";
import type { ChainHead, ChainRow } from "../audit/chain.ts";
import { keyOf } from "../audit/record.ts";
import { beginningOf } from "../audit/record-beginning.ts";
import type { View } from "./verify-view.ts";

/** Rows that are read at once. Between two reads the log can be checkpointed. */
const STEP = 2_000;

/** What of a call is checked, in the order of `CALL`. */
export type CallRow = [
  seq: bigint,
  /** What its hash is of, see `ChainRow`. */
  text: string,
  hash: Uint8Array,
  aside: string | null,
  holdId: bigint | null,
  month: string | null,
  charged: bigint,
  absorbed: bigint,
  balanced: bigint,
  requestId: string,
  accountId: string,
  at: string,
];

const SUMS = ["hold_id", "state", "month", "held", "charged", "absorbed", "released", "extended", "settled_at"];
const CHAINED = `seq || '|' || ${SUMS.map((sum) => `coalesce(${sum}, 'null')`).join(" || '|' || ")} || char(10) || record`;

/** Calls behind number `after` up to `until`, in steps. */
export function* callRows(db: Database, after: bigint, until: bigint): Generator<CallRow[]> {
  const aside =
    db.query("SELECT 1 FROM pragma_table_info('calls') WHERE name = 'aside'").get() === null ? "NULL" : "aside";
  const query = db.query(
    `SELECT seq, ${CHAINED}, hash, ${aside}, hold_id, month, charged, absorbed,
       charged + released = held + extended, request_id, account_id, CAST(at AS TEXT)
     FROM calls WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ${STEP}`,
  );
  for (let from = after; ;) {
    const rows = query.values(from, until) as CallRow[];
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    from = last[0];
  }
}

/** The row as a link of the chain. */
export const chainRow = ([seq, text, hash]: CallRow): ChainRow => ({ seq: Number(seq), text, hash });

/** Calls that count alike. */
interface Spent {
  account: string;
  key: string | null;
  month: string | null;
  summed: boolean;
  ended: boolean;
  calls: number;
  /** Of them, those that cost something. */
  charging: number;
  charged: bigint;
}

/** What of the holds' charges, say, has been seen on one side only: calls say how much, entries book it. */
class Unmatched {
  readonly byHold = new Map<number, bigint>();

  add(hold: number, amount: bigint): void {
    const rest = (this.byHold.get(hold) ?? 0n) + amount;
    if (rest === 0n) this.byHold.delete(hold);
    else this.byHold.set(hold, rest);
  }
}

/**
 * Reads calls and entries once, side by side in the order in which they were written, so that what belongs together comes close together: what it
 * keeps in mind stays small however many there are. What it finds goes to temporary tables, where the rules tell it in words.
 */
export class Walk {
  readonly #db: Database;
  readonly #view: View;
  readonly #entries: Statement;
  readonly #spent = new Map<string, Spent>();
  readonly #moved = new Map<number, bigint>();
  readonly #charged = new Unmatched();
  readonly #absorbed = new Unmatched();
  /** Ended holds whose calls are still there, of those that may have been pruned. */
  readonly #kept: ReadonlySet<number>;
  /** Numbers of calls that are odd in themselves. */
  readonly #odd: bigint[] = [];
  /** Entries that rules need one by one: all but those of calls. */
  readonly #listed: EntryRow[] = [];
  #entry = 0n;
  /** The hold that entries have been read up to. */
  #reached = 0;
  #done = false;
  /** The last call that was read. */
  head: ChainHead | null = null;
  readonly counts = { entries: 0, settlements: 0, auditRows: 0 };

  constructor(db: Database, view: View) {
    this.#db = db;
    this.#view = view;
    for (const table of FOUND) {
      db.run(`DROP TABLE IF EXISTS temp.${table.slice(0, table.indexOf("("))}`);
      db.run(`CREATE TEMP TABLE ${table}`);
    }
    this.#entries = db.query(
      `SELECT id, kind, reference, debit, credit, amount FROM entries WHERE id > ? AND id <= ? ORDER BY id LIMIT ${STEP}`,
    );
    const kept = db.query("SELECT hold_id FROM calls WHERE hold_id <= ?").values(view.prunedHold) as [bigint][];
    this.#kept = new Set(kept.map(([hold]) => Number(hold)));
  }

  /** All calls of the view, in steps; reading them reads the entries, too. */
  *calls(): Generator<CallRow[]> {
    let last: CallRow | undefined;
    // Numbers begin at 1; a row that was moved before that is told as well.
    for (const rows of callRows(this.#db, -(2n ** 63n), this.#view.calls)) {
      for (const row of rows) this.#look(row);
      last = rows.at(-1);
      yield rows;
    }
    if (last !== undefined) this.head = { seq: Number(last[0]), hash: last[2].toHex() };
    while (!this.#done) this.#readEntries();
    this.#note();
  }

  #look(row: CallRow): void {
    const [seq, text, , , hold, month, charged, absorbed, balanced, requestId, account, at] = row;
    const start = text.indexOf("\n") + 1;
    const told = beginningOf(text, start);
    const agrees =
      told !== null &&
      told.requestId === requestId &&
      told.accountId === account &&
      told.time === at &&
      BigInt(told.charged) === charged;
    if (!agrees || balanced === 0n) this.#odd.push(seq);
    const key = told === null ? keyOf(text.slice(start)) : told.keyId;
    this.#spend({ account, key, month, summed: seq <= this.#view.summedUp, ended: hold !== null }, charged);
    this.counts.auditRows += 1;
    if (hold === null) return;
    this.counts.settlements += 1;
    const holdId = Number(hold);
    if (charged !== 0n) this.#charged.add(holdId, charged);
    if (absorbed !== 0n) this.#absorbed.add(holdId, absorbed);
    while (!this.#done && this.#reached < holdId) this.#readEntries();
  }

  #spend(what: Pick<Spent, "account" | "key" | "month" | "summed" | "ended">, charged: bigint): void {
    const name = `${what.summed}|${what.ended}|${what.month}|${what.account}|${what.key}`;
    let spent = this.#spent.get(name);
    if (spent === undefined) {
      spent = { ...what, calls: 0, charging: 0, charged: 0n };
      this.#spent.set(name, spent);
    }
    spent.calls += 1;
    if (charged > 0n) spent.charging += 1;
    spent.charged += charged;
  }

  #readEntries(): void {
    const rows = this.#entries.values(this.#entry, this.#view.entries) as EntryRow[];
    for (const row of rows) {
      const [, kind, reference, debit, credit, amount] = row;
      this.#move(Number(debit), -amount);
      this.#move(Number(credit), amount);
      if (kind !== "charge" && kind !== "absorbed") {
        this.#listed.push(row);
        continue;
      }
      const hold = Number(reference);
      this.#reached = hold;
      if (reference <= this.#view.prunedHold && !this.#kept.has(hold)) continue;
      (kind === "charge" ? this.#charged : this.#absorbed).add(hold, -amount);
    }
    this.counts.entries += rows.length;
    const last = rows.at(-1);
    if (last === undefined) this.#done = true;
    else this.#entry = last[0];
  }

  #move(book: number, amount: bigint): void {
    this.#moved.set(book, (this.#moved.get(book) ?? 0n) + amount);
  }

  /** In one transaction: one for each row would take longer than reading all of them. */
  #note(): void {
    const begun = this.#db.inTransaction;
    if (!begun) this.#db.run("BEGIN");
    try {
      this.#noteAll();
    } finally {
      if (!begun) this.#db.run("COMMIT");
    }
  }

  #noteAll(): void {
    // What no column can hold is told as a text: it equals no balance.
    const stored = (total: bigint): bigint | string => (BigInt.asIntN(64, total) === total ? total : String(total));
    this.#insert(
      "seen_moved",
      [...this.#moved].map(([book, total]) => [book, stored(total)]),
    );
    this.#insert(
      "seen_spent",
      [...this.#spent.values()].map((spent) => [
        spent.account,
        spent.key,
        spent.month,
        spent.summed ? 1 : 0,
        spent.ended ? 1 : 0,
        spent.calls,
        spent.charging,
        stored(spent.charged),
      ]),
    );
    this.#insert(
      "seen_odd",
      this.#odd.map((seq) => [seq]),
    );
    this.#insert(
      "seen_entries",
      this.#listed.map(([id, kind, reference, , , amount]) => [id, kind, reference, amount]),
    );
    const suspects = new Set([...this.#charged.byHold.keys(), ...this.#absorbed.byHold.keys()]);
    if (suspects.size === 0) return;
    this.#insert(
      "seen_suspects",
      [...suspects].map((hold) => [hold]),
    );
    this.#db.run(
      `INSERT INTO seen_entries SELECT id, kind, reference, amount FROM entries
       WHERE id <= ? AND kind IN ('charge', 'absorbed') AND reference IN (SELECT hold_id FROM seen_suspects)`,
      [this.#view.entries],
    );
  }

  #insert(table: string, rows: readonly (string | number | bigint | null)[][]): void {
    const [first] = rows;
    if (first === undefined) return;
    const statement = this.#db.prepare(`INSERT INTO ${table} VALUES (${first.map(() => "?").join()})`);
    for (const row of rows) statement.run(...row);
    statement.finalize();
  }
}

type EntryRow = [id: bigint, kind: string, reference: bigint, debit: bigint, credit: bigint, amount: bigint];

/** What is found on the way: sums, rows that are odd in themselves, holds whose calls and entries may not agree, entries that rules need one by one. */
const FOUND = [
  `seen_spent(account_id TEXT, key_id TEXT, month TEXT, summed INTEGER, ended INTEGER,
     calls INTEGER, charging INTEGER, charged INTEGER)`,
  "seen_moved(book INTEGER, total INTEGER)",
  "seen_entries(id INTEGER, kind TEXT, reference INTEGER, amount INTEGER)",
  "seen_suspects(hold_id INTEGER)",
  "seen_odd(seq INTEGER)",
];
