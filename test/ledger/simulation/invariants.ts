import type { Disk } from "./disk.ts";

/** What must hold on the disk after every commit, as design and `tollgate verify` have it. Throws Error with what is wrong. */
export function checkDisk(disk: Disk): void {
  checkBooks(disk);
  checkHolds(disk);
  checkCalls(disk);
  checkCounters(disk);
}

function require(condition: boolean, text: () => string): void {
  if (!condition) throw new Error(text());
}

function checkBooks(disk: Disk): void {
  const replayed = new Map<number, bigint>();
  for (const { debit, credit, amount } of disk.entries) {
    replayed.set(debit, (replayed.get(debit) ?? 0n) - amount);
    replayed.set(credit, (replayed.get(credit) ?? 0n) + amount);
  }
  let sum = 0n;
  for (const [id, { name, posted }] of disk.books) {
    sum += posted;
    require(posted === (replayed.get(id) ?? 0n), () => `${name}: posted ${posted}, entries say ${replayed.get(id)}`);
    if (!/^(wallet|grant):/.test(name)) continue;
    require(posted >= 0n, () => `${name} is overdrawn: ${posted}`);
  }
  require(sum === 0n, () => `the books add up to ${sum}`);
}

function checkHolds(disk: Disk): void {
  const held = new Map<number, bigint>();
  for (const hold of disk.holds.values()) {
    require(!disk.settlements.has(hold.id), () => `hold ${hold.id} is open and settled`);
    const parts = hold.parts.reduce((sum, part) => sum + part.amount, 0n);
    require(parts === hold.amount, () => `hold ${hold.id}: ${hold.amount} is held, its parts are ${parts}`);
    for (const { book, amount } of hold.parts) held.set(book, (held.get(book) ?? 0n) + amount);
  }
  for (const [id, amount] of held) {
    const book = disk.books.get(id);
    require(book !== undefined, () => `a hold names book ${id}, which nobody knows`);
    if (book === undefined || book.name.startsWith("receivable:")) continue;
    require(book.posted >= amount, () => `${book.name}: ${amount} held of ${book.posted}`);
  }
  for (const [account, { creditLimit }] of disk.terms) {
    if (creditLimit === null) continue;
    const owed = -disk.posted(`receivable:${account}`);
    require(owed <= creditLimit, () => `${account} owes ${owed}, more than ${creditLimit}`);
  }
}

function checkCalls(disk: Disk): void {
  const rows = new Map<number, number>();
  for (const { holdId } of disk.audit) if (holdId !== null) rows.set(holdId, (rows.get(holdId) ?? 0) + 1);
  require(rows.size === disk.settlements.size, () => `${rows.size} audited holds, ${disk.settlements.size} ended ones`);
  for (const row of disk.settlements.values()) {
    const { holdId, held, charged, absorbed, released, extended } = row;
    require(rows.get(holdId) === 1, () => `hold ${holdId} has ${rows.get(holdId)} audit rows`);
    require(charged + released === held + extended, () => `hold ${holdId}: charged + released ≠ held + extended`);
    require(released >= 0n && absorbed >= 0n, () => `hold ${holdId}: negative sums`);
    const sum = (kind: string): bigint =>
      (disk.entriesOfHold.get(holdId) ?? [])
        .filter((entry) => entry.kind === kind)
        .reduce((total, entry) => total + entry.amount, 0n);
    require(sum("charge") === charged, () => `hold ${holdId}: entries charge ${sum("charge")}, not ${charged}`);
    require(sum("absorbed") === absorbed, () => `hold ${holdId}: entries absorb ${sum("absorbed")}, not ${absorbed}`);
    require(sum("refund") <= charged, () => `hold ${holdId}: refunded ${sum("refund")} of ${charged}`);
  }
}

function checkCounters(disk: Disk): void {
  const expected = new Map<string, bigint>();
  const add = (key: string, amount: bigint): void => void expected.set(key, (expected.get(key) ?? 0n) + amount);
  for (const { holdId, accountId, keyId, month, charged } of disk.settlements.values()) {
    let net = charged;
    for (const entry of disk.entriesOfHold.get(holdId) ?? []) if (entry.kind === "refund") net -= entry.amount;
    add(`account:${accountId}\n${month}`, net);
    if (keyId !== null) add(`key:${keyId}\n${month}`, net);
  }
  for (const [key, value] of disk.counters) {
    require(value >= 0n, () => `${key}: ${value}`);
    if (key.startsWith("messages:")) continue;
    require(value === (expected.get(key) ?? 0n), () => `${key}: ${value}, its calls say ${expected.get(key)}`);
  }
  for (const [key, value] of expected) {
    require(value === (disk.counters.get(key) ?? 0n), () =>
      `${key}: ${disk.counters.get(key)}, its calls say ${value}`);
  }
}
