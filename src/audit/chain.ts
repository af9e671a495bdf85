import type { Nano } from "../lib/money.ts";

/** Hash of the row before the first. */
export const GENESIS = new Uint8Array(32);

/** The sums of a call's row, which stand beside its record. */
export interface ChainedEnd {
  holdId: number | null;
  state: string | null;
  month: string | null;
  held: Nano;
  charged: Nano;
  absorbed: Nano;
  released: Nano;
  extended: Nano;
  settledAt: number | null;
}

/**
 * Hash of a call's row: SHA-256 over the hash of the row before it, its number, its sums, and its record as stored. Whoever edits, deletes,
 * reorders or cuts off rows must find another chain that ends in the same head.
 */
export function chainHash(previous: Uint8Array, seq: number, end: ChainedEnd, record: string): Uint8Array {
  const { holdId, state, month, held, charged, absorbed, released, extended, settledAt } = end;
  const sums = `${seq}|${holdId}|${state}|${month}|${held}|${charged}|${absorbed}|${released}|${extended}|${settledAt}`;
  const hash = new Uint8Array(32);
  // One text at once: a hasher object costs as much as the hashing.
  Bun.SHA256.hash(`${previous.toHex()}|${sums}\n${record}`, hash);
  return hash;
}

export interface ChainRow {
  seq: number;
  /** What `chainHash` hashes behind the hash of the row before: number and sums, a new line, the record. */
  text: string;
  hash: Uint8Array;
}

/** A row by its place in the chain. */
export interface ChainHead {
  seq: number;
  /** Hex. */
  hash: string;
}

/**
 * Walks rows in order and says what is wrong with them, [] = nothing. `anchor` is the row before the first one kept (pruned segments end in
 * one); `head` is a row as it was written down elsewhere when it was the last, so that a cut-off end is found too.
 */
export function verifyChain(rows: Iterable<ChainRow>, anchor: ChainHead | null, head: ChainHead | null): string[] {
  const findings: string[] = [];
  let seq = anchor?.seq ?? 0;
  let hash: Uint8Array = anchor === null ? GENESIS : Uint8Array.fromHex(anchor.hash);
  const expected = new Uint8Array(32);
  let headSeen = head === null || (head.seq === seq && head.hash === hash.toHex());
  for (const row of rows) {
    if (row.seq !== seq + 1) findings.push(`audit: row ${seq + 1} is missing, ${row.seq} follows`);
    Bun.SHA256.hash(`${hash.toHex()}|${row.text}`, expected);
    if (Buffer.compare(expected, row.hash) !== 0) findings.push(`audit: row ${row.seq} was altered`);
    seq = row.seq;
    // Going on from the stored hash shows each altered row once, not all behind it.
    hash = row.hash;
    if (head !== null && head.seq === seq) {
      headSeen = true;
      if (head.hash !== hash.toHex()) findings.push(`audit: row ${seq} is not the one that was exported`);
    }
  }
  if (headSeen || head === null) return findings;
  // After its row has been pruned a head says nothing about the rows that were kept.
  if (head.seq < (anchor?.seq ?? 0)) findings.push(`audit: row ${head.seq} has been pruned; use a later head`);
  else findings.push(`audit: the rows end at ${seq}, but ${head.seq} was written`);
  return findings;
}
