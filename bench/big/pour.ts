/** Calls in bulk, as the storage is told of them: the rows, sums and hash chain are the storage's own, only holds are left out. */
import { auditMoney, noMoney } from "../../src/ledger/audit-money.ts";
import type { Book } from "../../src/ledger/books.ts";
import { walletName } from "../../src/ledger/books.ts";
import { accountSubject, keySubject } from "../../src/ledger/counters.ts";
import { monthOf } from "../../src/ledger/periods.ts";
import { priceUsage } from "../../src/ledger/price.ts";
import type { AuditMoney, LedgerOp, LedgerStorage, SettlementDetail, SettlementRow } from "../../src/ledger/storage.ts";
import { newId } from "../../src/lib/ids.ts";
import { PIN } from "../ledger/call.ts";
import { auditOf, type Customer, pickCustomer, pickModelAndKey, someUsage, WORST } from "./fill.ts";

export interface Shape {
  calls: number;
  /** ms since the epoch; the calls lie evenly between. */
  from: number;
  to: number;
}

/** Calls that go in one transaction. */
const BATCH = 4_000;
/** Different usages; pricing each call anew would take longer than writing it. */
const VARIANTS = 1_000;

interface Priced {
  charged: bigint;
  detail: SettlementDetail;
  money: AuditMoney;
}

function priced(): Priced {
  const usage = someUsage();
  const price = priceUsage(usage, PIN, { requestedTier: null });
  const detail = { usage, source: "provider", priceVersion: PIN.row.version, basis: price.basis ?? null } as const;
  const audit = auditOf("", "", "", "", 0);
  const settlement = { usage, source: "provider", pin: PIN, price, absorb: false, audit } as const;
  const charged = price.charge;
  return { charged, detail: { ...detail, lines: [], reason: null }, money: auditMoney(settlement, charged, "USD") };
}

/** Writes the calls in the order of time. Every wallet must have its book. Gives some of the request ids. */
export async function pour(
  storage: LedgerStorage,
  customers: readonly Customer[],
  { calls, from, to }: Shape,
  onBatch: (done: number) => void,
): Promise<string[]> {
  const { books, nextHoldId } = storage.load();
  const wallets = new Map(books.map((book) => [book.name, book]));
  const revenue = wallets.get("operator:revenue");
  if (revenue === undefined) throw new Error("nobody has been charged yet");
  const variants = Array.from({ length: VARIANTS }, priced);
  const sample: string[] = [];
  for (let done = 0; done < calls;) {
    const ops: LedgerOp[] = [];
    const end = Math.min(calls, done + BATCH);
    for (; done < end; done += 1) {
      const customer = pickCustomer(customers);
      const wallet = wallets.get(walletName(customer.account));
      if (wallet === undefined) throw new Error("an account without a wallet");
      const requestId = newId("req");
      if (done % 997 === 0) sample.push(requestId);
      const at = Math.floor(from + ((to - from) * done) / calls);
      const variant = variants[Math.floor(Math.random() * VARIANTS)]!;
      addCall(ops, { customer, wallet, revenue, requestId, at, holdId: nextHoldId + done, variant });
    }
    await storage.append(ops, { vital: false, flush: true });
    onBatch(done);
  }
  return sample;
}

interface Poured {
  customer: Customer;
  wallet: Book;
  revenue: Book;
  requestId: string;
  at: number;
  holdId: number;
  variant: Priced;
}

function addCall(ops: LedgerOp[], { customer, wallet, revenue, requestId, at, holdId, variant }: Poured): void {
  const { model, keyId } = pickModelAndKey(customer);
  const accountId = customer.account;
  const record = auditOf(requestId, accountId, keyId, model, at);
  const lot = Math.random();
  if (lot < 0.05) {
    const refused = { ...record, status: 402, errorCode: "insufficient_credits", streamState: null };
    ops.push({ op: "audit", holdId: null, record: refused, money: noMoney("USD") });
    return;
  }
  const month = monthOf(at, "UTC");
  const { charged, detail, money } = variant;
  const row: SettlementRow = {
    holdId,
    requestId,
    accountId,
    keyId,
    month,
    held: WORST,
    charged,
    absorbed: 0n,
    released: WORST - charged,
    extended: 0n,
    state: "settled",
    settledAt: at,
    paid: [{ book: wallet.id, amount: charged }],
    detail,
  };
  const entry = { at, debit: wallet, credit: revenue, amount: charged, kind: "charge", reference: holdId } as const;
  ops.push({ op: "settlement", row }, { op: "entry", entry });
  ops.push({ op: "counter", subject: accountSubject(accountId), period: month, delta: charged });
  ops.push({ op: "counter", subject: keySubject(keyId), period: month, delta: charged });
  ops.push({ op: "audit", holdId, record, money });
}
