/** The ledger can't promise right now that anything is written. What was asked has not happened. */
export class LedgerUnavailable extends Error {
  constructor(cause: unknown) {
    super("the ledger can't be written", { cause });
    this.name = "LedgerUnavailable";
  }
}

/** Storage would not take these rows, whenever asked: they contradict rows that are there. A defect, not an outage. */
export class RowsRefused extends Error {
  constructor(cause: unknown) {
    super("the ledger's storage refused rows", { cause });
    this.name = "RowsRefused";
  }
}
