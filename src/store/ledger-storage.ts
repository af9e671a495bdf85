import type { Database, Statement } from "bun:sqlite";
import { auditRecord } from "../audit/record.ts";
import { chainHash, GENESIS } from "../audit/chain.ts";
import { receiptOf } from "../ledger/settling.ts";
import { counterKey } from "../ledger/state.ts";
import type {
  CreditRow,
  Grant,
  HoldSource,
  LedgerOp,
  LedgerSnapshot,
  LedgerStorage,
  OpenHold,
  SettlementRow,
  StoredCheckpoint,
} from "../ledger/storage.ts";
import type { Receipt } from "../ledger/types.ts";
import { type JsonObject, parseJson } from "../lib/json.ts";
import { checkNano, type Nano } from "../lib/money.ts";
import { prepareLedgerStatements, type LedgerStatements } from "./ledger-statements.ts";
import type { Writer } from "./writer.ts";

const REVIVED = /^-?[0-9]+n$/;

/** JSON with amounts as `"123n"`. */
const toText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));
const fromText = <T>(text: string): T =>
  JSON.parse(text, (_key, item: unknown) =>
    typeof item === "string" && REVIVED.test(item) ? BigInt(item.slice(0, -1)) : item,
  ) as T;

/** The ledger's rows in SQLite. Writes join the group commit; balances and counters are summed up once per transaction. */
export class SqliteLedgerStorage implements LedgerStorage {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #sql: LedgerStatements;
  readonly #currency: () => string;
  /** Changes of the running transaction. */
  #balances = new Map<string, Nano>();
  #counters = new Map<string, Nano>();
  #head: { seq: number; hash: Uint8Array };

  constructor(db: Database, writer: Writer, currency: () => string) {
    this.#db = db;
    this.#writer = writer;
    this.#currency = currency;
    this.#sql = prepareLedgerStatements(db);
    this.#head = this.#readHead();
  }

  healthy(): boolean {
    return this.#writer.healthy;
  }

  append(ops: LedgerOp[]): Promise<void> {
    return this.#writer.enqueue(() => {
      for (const op of ops) this.#apply(op);
    });
  }

  #apply(op: LedgerOp): void {
    switch (op.op) {
      case "hold":
        return this.#insertHold(op.hold);
      case "checkpoint":
        return void this.#sql.checkpoint.run(toText(op.checkpoint), op.holdId);
      case "settlement":
        return this.#insertSettlement(op.row);
      case "entry": {
        checkNano(op.amount);
        this.#sql.entry.run(op.at, op.debit, op.credit, op.amount, op.kind, op.reference);
        this.#balances.set(op.debit, (this.#balances.get(op.debit) ?? 0n) - op.amount);
        this.#balances.set(op.credit, (this.#balances.get(op.credit) ?? 0n) + op.amount);
        return;
      }
      case "counter": {
        const key = counterKey(op.subject, op.period);
        this.#counters.set(key, (this.#counters.get(key) ?? 0n) + op.delta);
        return;
      }
      case "grant":
        return this.#insertGrant(op.grant);
      case "credit":
        return this.#insertCredit(op.credit);
      case "audit":
        return this.#insertAudit(op);
    }
  }

  #insertHold(hold: OpenHold): void {
    const { id, requestId, accountId, keyId, amount, sources, createdAt, context } = hold;
    this.#sql.hold.run(
      id,
      requestId,
      accountId,
      keyId,
      checkNano(amount),
      toText(sources),
      createdAt,
      JSON.stringify(context),
    );
  }

  #insertSettlement(row: SettlementRow): void {
    this.#sql.settlement.run(
      row.holdId,
      row.requestId,
      row.accountId,
      checkNano(row.charged),
      checkNano(row.absorbed),
      checkNano(row.released),
      checkNano(row.extended),
      row.state,
      row.settledAt,
      JSON.stringify(row.body),
    );
    this.#sql.endHold.run(row.state, row.holdId);
  }

  #insertGrant(grant: Grant): void {
    this.#sql.grant.run(
      grant.id,
      grant.accountId,
      grant.kind,
      checkNano(grant.amount),
      grant.expiresAt,
      grant.createdAt,
    );
  }

  #insertCredit(credit: CreditRow): void {
    const { id, accountId, kind, amount, reason, idempotencyKey, fingerprint, createdAt } = credit;
    this.#sql.credit.run(id, accountId, kind, checkNano(amount), reason, idempotencyKey, fingerprint, createdAt);
  }

  #insertAudit({ record, money }: Extract<LedgerOp, { op: "audit" }>): void {
    const body = JSON.stringify(auditRecord(record, money));
    const seq = this.#head.seq + 1;
    const hash = chainHash(this.#head.hash, seq, body);
    this.#sql.audit.run(
      seq,
      record.requestId,
      record.time,
      record.accountId,
      record.keyId,
      record.modelServed ?? record.modelAsked,
      record.provider,
      record.status,
      money.charged,
      body,
      hash,
    );
    this.#head = { seq, hash };
  }

  /** Called by the writer before each commit. */
  beforeCommit(): void {
    for (const [account, delta] of this.#balances) this.#sql.balance.run(account, delta);
    for (const [key, delta] of this.#counters) {
      const [subject = "", period = ""] = key.split("\n");
      this.#sql.counter.run(subject, period, delta);
    }
    if (this.#balances.size > 0) this.#balances = new Map();
    if (this.#counters.size > 0) this.#counters = new Map();
  }

  /** Called by the writer when a transaction was rolled back. */
  afterFailure(): void {
    this.#balances = new Map();
    this.#counters = new Map();
    this.#head = this.#readHead();
  }

  #readHead(): { seq: number; hash: Uint8Array } {
    const row = this.#sql.head.get() as { seq: bigint; hash: Uint8Array } | null;
    return row === null ? { seq: 0, hash: GENESIS } : { seq: Number(row.seq), hash: row.hash };
  }

  load(): LedgerSnapshot {
    const read = <T>(sql: string): T[] => this.#db.query(sql).all() as T[];
    const balances = read<{ account: string; posted: bigint }>("SELECT account, posted FROM balances");
    const counters = read<{ subject: string; period: string; value: bigint }>(
      "SELECT subject, period, value FROM counters",
    );
    const next = this.#db.query("SELECT coalesce(max(id), 0) + 1 AS next FROM holds").get() as { next: bigint };
    return {
      balances: new Map(balances.map((row) => [row.account, row.posted])),
      counters: new Map(counters.map((row) => [counterKey(row.subject, row.period), row.value])),
      grants: read<RawGrant>("SELECT * FROM grants").map(grantOf),
      openHolds: read<RawHold>("SELECT * FROM holds WHERE state = 'open'").map(holdOf),
      nextHoldId: Number(next.next),
    };
  }

  findReceipt(requestId: string): Receipt | null {
    return this.#receipt(this.#sql.settlementOfRequest, requestId);
  }

  findReceiptOfHold(holdId: number): Receipt | null {
    return this.#receipt(this.#sql.settlementOfHold, holdId);
  }

  #receipt(statement: Statement, value: string | number): Receipt | null {
    const row = statement.get(value) as RawSettlement | null;
    return row === null ? null : receiptOf(settlementOf(row), this.#currency());
  }

  findCredit(accountId: string, idempotencyKey: string): CreditRow | null {
    const row = this.#sql.creditOfKey.get(accountId, idempotencyKey) as RawCredit | null;
    if (row === null) return null;
    return {
      id: row.id,
      accountId: row.account_id,
      kind: row.kind,
      amount: row.amount,
      reason: row.reason,
      idempotencyKey: row.idempotency_key,
      fingerprint: row.fingerprint,
      createdAt: Number(row.created_at),
    };
  }
}

interface RawGrant {
  id: string;
  account_id: string;
  kind: string;
  amount: bigint;
  expires_at: bigint | null;
  created_at: bigint;
}
interface RawHold {
  id: bigint;
  request_id: string;
  account_id: string;
  key_id: string | null;
  amount: bigint;
  sources: string;
  created_at: bigint;
  context: string;
  checkpoint: string | null;
}
interface RawSettlement {
  hold_id: bigint;
  request_id: string;
  account_id: string;
  charged: bigint;
  absorbed: bigint;
  released: bigint;
  extended: bigint;
  state: SettlementRow["state"];
  settled_at: bigint;
  body: string;
}
interface RawCredit {
  id: string;
  account_id: string;
  kind: string;
  amount: bigint;
  reason: string;
  idempotency_key: string | null;
  fingerprint: string;
  created_at: bigint;
}

function grantOf(row: RawGrant): Grant {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    amount: row.amount,
    expiresAt: row.expires_at === null ? null : Number(row.expires_at),
    createdAt: Number(row.created_at),
  };
}

function holdOf(row: RawHold): OpenHold {
  return {
    id: Number(row.id),
    requestId: row.request_id,
    accountId: row.account_id,
    keyId: row.key_id,
    amount: row.amount,
    sources: fromText<HoldSource[]>(row.sources),
    createdAt: Number(row.created_at),
    context: parseJson(row.context) as JsonObject,
    checkpoint: row.checkpoint === null ? null : fromText<StoredCheckpoint>(row.checkpoint),
  };
}

function settlementOf(row: RawSettlement): SettlementRow {
  return {
    holdId: Number(row.hold_id),
    requestId: row.request_id,
    accountId: row.account_id,
    charged: row.charged,
    absorbed: row.absorbed,
    released: row.released,
    extended: row.extended,
    state: row.state,
    settledAt: Number(row.settled_at),
    body: parseJson(row.body) as JsonObject,
  };
}
