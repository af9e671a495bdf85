/** An invoice that doesn't add up is none. */
import { expect, test } from "bun:test";
import { type Invoice, InvoiceMismatch, makeInvoice } from "../../src/ledger/invoice.ts";

const parts: Omit<Invoice, "total"> = {
  accountId: "a",
  month: "2026-11",
  currency: "USD",
  lines: [
    { model: "m", calls: 2, tokensInput: 3, tokensOutput: 4, amount: 70n },
    { model: "n", calls: 1, tokensInput: 1, tokensOutput: 1, amount: 30n },
  ],
  refunds: [
    { requestId: "r1", amount: 10n, reason: "r", at: 1 },
    { requestId: "r2", amount: 5n, reason: "r", at: 2 },
  ],
  paidFrom: { wallet: 50n, grants: 20n, receivable: 30n },
  returnedTo: { wallet: 2n, grants: 3n, receivable: 10n },
};

test("the total is the lines less the refunds", () => {
  expect(makeInvoice(parts, 85n)).toEqual({ ...parts, total: 85n });
});

test.each([
  ["paid too little", { paidFrom: { wallet: 50n, grants: 20n, receivable: 29n } }, "what was paid is 99, expected 100"],
  ["paid too much", { paidFrom: { wallet: 51n, grants: 20n, receivable: 30n } }, "what was paid is 101, expected 100"],
  ["given back", { returnedTo: { wallet: 2n, grants: 3n, receivable: 9n } }, "what was given back is 14, expected 15"],
])("%s", (_name, more, message) => {
  const make = () => makeInvoice({ ...parts, ...more }, 85n);
  expect(make).toThrow(InvoiceMismatch);
  expect(make).toThrow(message);
});

test("another sum than the ledger has counted", () => {
  expect(() => makeInvoice(parts, 84n)).toThrow("the total is 85, expected 84");
});
