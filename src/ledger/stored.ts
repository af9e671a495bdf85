import { type Admission, isFree } from "./admission.ts";
import { exactText } from "./decimal.ts";
import type { Outcome } from "./settling.ts";
import type { OpenHold } from "./state.ts";
import type { PinFacts, SettlementRow, StoredHold } from "./storage.ts";
import type { PricePin, ReserveRequest } from "./types.ts";

/** An admitted request as storage keeps it until it ends. */
export function storedHold(id: number, request: ReserveRequest, admission: Admission, now: number): StoredHold {
  const { parts, amount, month, message } = admission;
  return {
    id,
    requestId: request.requestId,
    accountId: request.accountId,
    keyId: request.keyId,
    amount,
    parts: parts.map((part) => ({ book: part.book.id, amount: part.amount })),
    createdAt: now,
    month,
    free: isFree(request),
    message:
      message === null || request.dailyMessages === null
        ? null
        : { subject: request.dailyMessages.subject, day: message.period },
    pin: request.pin === null ? null : pinFacts(request.pin),
    context: request.context,
    checkpoint: null,
  };
}

function pinFacts({ row, markupPercent, fx }: PricePin): PinFacts {
  return { priceVersion: row.version, markupPercent: exactText(markupPercent), fx: exactText(fx) };
}

/** How a hold has ended, as storage keeps it: charged + released = held + extended. */
export function settlementRow({ stored }: OpenHold, outcome: Outcome, settledAt: number): SettlementRow {
  const { charged, absorbed, extended, state, detail } = outcome;
  return {
    holdId: stored.id,
    requestId: stored.requestId,
    accountId: stored.accountId,
    keyId: stored.keyId,
    month: stored.month,
    held: stored.amount,
    charged,
    absorbed,
    released: stored.amount + extended - charged,
    extended,
    state,
    settledAt,
    paid: outcome.paid.map(({ book, amount }) => ({ book: book.id, amount })),
    detail,
  };
}

/** The sums of a hold that never reached storage. */
export const NOTHING = {
  keyId: null,
  month: "",
  held: 0n,
  charged: 0n,
  absorbed: 0n,
  released: 0n,
  extended: 0n,
  state: "voided",
  paid: [] as [],
} as const;
