import { createHash } from "node:crypto";

/** Hash of the row before the first. */
export const GENESIS = new Uint8Array(32);

/**
 * Hash of an audit row: SHA-256 over the hash of the row before it, its number, and its text as stored. Whoever edits, deletes,
 * reorders or cuts off rows must find another chain that ends in the same head.
 */
export function chainHash(previous: Uint8Array, seq: number, body: string): Uint8Array {
  return createHash("sha256").update(previous).update(`${seq}\n`).update(body).digest();
}

export interface ChainRow {
  seq: number;
  body: string;
  hash: Uint8Array;
}

export interface ChainHead {
  seq: number;
  /** Hex. */
  hash: string;
}

/**
 * Walks rows in order and says what is wrong with them, [] = nothing. `anchor` is the row before the first one kept (pruned segments end in
 * one); `head` is the last row as it was written down elsewhere, so that a cut-off end is found too.
 */
export function verifyChain(rows: Iterable<ChainRow>, anchor: ChainHead | null, head: ChainHead | null): string[] {
  const findings: string[] = [];
  let seq = anchor?.seq ?? 0;
  let hash: Uint8Array = anchor === null ? GENESIS : Buffer.from(anchor.hash, "hex");
  let headSeen = head === null || (head.seq === seq && head.hash === Buffer.from(hash).toString("hex"));
  for (const row of rows) {
    if (row.seq !== seq + 1) findings.push(`audit: row ${seq + 1} is missing, ${row.seq} follows`);
    const expected = chainHash(hash, row.seq, row.body);
    if (Buffer.compare(expected, row.hash) !== 0) findings.push(`audit: row ${row.seq} was altered`);
    seq = row.seq;
    // Going on from the stored hash shows each altered row once, not all behind it.
    hash = row.hash;
    if (head !== null && head.seq === seq) {
      headSeen = true;
      if (head.hash !== Buffer.from(hash).toString("hex"))
        findings.push(`audit: row ${seq} is not the one that was exported`);
    }
  }
  if (!headSeen && head !== null) findings.push(`audit: the rows end at ${seq}, but ${head.seq} was written`);
  return findings;
}
