import { defineCommand } from "citty";
import { type AdminContext, call, common, given, id, orNone, withConnection } from "./admin-call.ts";
import { accountFlag } from "./flags.ts";
import { printResult } from "./output.ts";
import { CommandError } from "./transport.ts";

/** `books issue`: fails when calls of the month are still under way, so that a monthly job is seen to fail. */
export function issueCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "issue", description: "Issue the invoices of a month that is over; each gets its number once" },
    args: {
      ...common,
      month: { type: "string", required: true, description: "such as 2026-10" },
      account: { type: "string", description: "account id; left out: every account that was charged" },
    },
    run: async ({ args }) => {
      const body = given({ month: args.month, account_id: args.account });
      const answer = await withConnection(context, args, ({ send }) => send("POST", "/admin/invoices", body));
      printResult(context.out, answer, args.json === true);
      const late = (answer as { under_way?: string[] }).under_way ?? [];
      if (late.length > 0) throw new CommandError(`calls are still under way, run it again for ${late.join(", ")}`);
    },
  });
}

/** `books invoices`: issued ones only. */
export function invoicesCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "invoices", description: "List issued invoices" },
    args: {
      ...common,
      month: { type: "string", description: "such as 2026-10" },
      account: { type: "string", description: "account id" },
    },
    run: ({ args }) => {
      const query = new URLSearchParams();
      if (args.month !== undefined) query.set("month", args.month);
      if (args.account !== undefined) query.set("account_id", args.account);
      return call(context, args, "GET", `/admin/invoices?${query.toString()}`);
    },
  });
}

/** `books invoice NUMBER`. */
export function invoiceCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "invoice", description: "Show an issued invoice" },
    args: { ...common, number: { type: "positional", required: true, description: "such as INV-000001" } },
    run: ({ args }) => call(context, args, "GET", `/admin/invoices/${id(args.number)}`),
  });
}

/** `books credit-note`: for an invoice as a whole; refunds of single calls are made at their receipts. */
export function creditNoteCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "credit-note", description: "Lower an issued invoice" },
    args: {
      ...common,
      invoice: { type: "string", required: true, description: "number of the invoice" },
      amount: { type: "string", description: "without tax; left out: all that is left of the invoice" },
      reason: { type: "string", required: true, description: "why, as the note says it" },
      "idempotency-key": { type: "string", description: "the same key makes one note" },
    },
    run: ({ args }) =>
      call(
        context,
        args,
        "POST",
        `/admin/invoices/${id(args.invoice)}/credit-notes`,
        given({ amount: args.amount, reason: args.reason, idempotency_key: args["idempotency-key"] }),
      ),
  });
}

/** `books pay`. */
export function payCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "pay", description: "Book that an invoice was paid, or part of it" },
    args: {
      ...common,
      invoice: { type: "string", required: true, description: "number of the invoice" },
      amount: { type: "string", description: "with tax; left out: all that is owed" },
      reason: { type: "string", description: "such as the bank's reference" },
      "idempotency-key": { type: "string", description: "the same key books once" },
    },
    run: ({ args }) =>
      call(
        context,
        args,
        "POST",
        `/admin/invoices/${id(args.invoice)}/payments`,
        given({ amount: args.amount, reason: args.reason, idempotency_key: args["idempotency-key"] }),
      ),
  });
}

/** `books customer`: shows the details, or changes those that are given; `none` takes one away. */
export function customerCommand(context: AdminContext) {
  return defineCommand({
    meta: {
      name: "customer",
      description: "Show or change whom an account's invoices are made out to, and the tax rate",
    },
    args: {
      ...common,
      ...accountFlag,
      name: { type: "string", description: "name on the invoice; none takes it away" },
      email: { type: "string", description: "where invoices are sent" },
      address: { type: "string", description: "address on the invoice" },
      "tax-id": { type: "string", description: "the customer's tax number" },
      "tax-percent": { type: "string", description: "instead of the catalog's rate; none takes it away" },
      "tax-note": { type: "string", description: "why the rate is another one" },
    },
    run: ({ args }) => {
      const change = given({
        name: orNone(args.name),
        email: orNone(args.email),
        address: orNone(args.address),
        tax_id: orNone(args["tax-id"]),
        tax_percent: orNone(args["tax-percent"]),
        tax_note: orNone(args["tax-note"]),
      });
      const path = `/admin/accounts/${id(args.account)}/billing`;
      return Object.keys(change).length === 0
        ? call(context, args, "GET", path)
        : call(context, args, "PATCH", path, change);
    },
  });
}
