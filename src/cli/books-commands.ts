import { defineCommand } from "citty";
import { type AdminContext, common, id, withConnection } from "./admin-call.ts";
import { readTextFile } from "./files.ts";
import {
  creditNoteCommand,
  customerCommand,
  invoiceCommand,
  invoicesCommand,
  issueCommand,
  payCommand,
} from "./invoice-commands.ts";
import { printResult } from "./output.ts";
import { CommandError } from "./transport.ts";

/** `books`: what operators do with the ledger beside serving calls. */
export function booksCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "books", description: "The operator's books: reconcile, margin, invoices" },
    subCommands: {
      reconcile: reconcileCommand(context),
      margin: marginCommand(context),
      issue: issueCommand(context),
      invoices: invoicesCommand(context),
      invoice: invoiceCommand(context),
      "credit-note": creditNoteCommand(context),
      pay: payCommand(context),
      customer: customerCommand(context),
    },
  });
}

interface Reconciliation {
  alarm: boolean;
  from: string;
  to: string;
  threshold_percent: string;
  total: { ours_usd: string; theirs_usd: string; drift_usd: string; drift_percent: string | null };
}

/** Fails over the threshold, so that a nightly job is seen to fail. */
function reconcileCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "reconcile", description: "Hold recorded provider costs against the provider's own report" },
    args: {
      ...common,
      provider: { type: "string", required: true, description: "provider of the catalog" },
      report: {
        type: "string",
        required: true,
        description: "file: OpenAI's or Anthropic's costs as JSON or CSV, or CSV",
      },
      threshold: { type: "string", description: "largest drift per model and day, default 1%" },
      least: { type: "string", description: "a drift of at most so many USD is never told, default 0" },
    },
    run: async ({ args }) => {
      const body = {
        provider: args.provider,
        report: readTextFile(args.report),
        threshold_percent: (args.threshold ?? "1%").replace(/%$/, ""),
        least_usd: args.least ?? "0",
      };
      const answer = await withConnection(context, args, ({ send }) =>
        send("POST", "/admin/books/reconciliations", body),
      );
      const result = answer as Reconciliation;
      printResult(context.out, result, args.json === true);
      const { ours_usd, theirs_usd, drift_usd, drift_percent } = result.total;
      if (args.json !== true) {
        const drift = `${drift_usd} USD${drift_percent === null ? "" : ` (${drift_percent}%)`}`;
        context.out.write(`${result.from} to ${result.to}: ours ${ours_usd}, theirs ${theirs_usd}, drift ${drift}\n`);
      }
      if (result.alarm) throw new CommandError(`the drift is over ${result.threshold_percent}%`);
    },
  });
}

function marginCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "margin", description: "What a month's calls brought and cost, by model and account" },
    args: { ...common, month: { type: "string", required: true, description: "such as 2026-11" } },
    run: async ({ args }) => {
      const path = `/admin/books/margin?month=${id(args.month)}`;
      const report = (await withConnection(context, args, ({ send }) => send("GET", path))) as MarginReport;
      if (args.json === true) return printResult(context.out, report, true);
      for (const part of [report.data, report.by_model, report.by_account, report.total]) {
        printResult(context.out, part, false);
        context.out.write("\n");
      }
      context.out.write(`${report.month}, ${report.currency}${report.final ? "" : " (the month is not over)"}\n`);
    },
  });
}

interface MarginReport {
  month: string;
  final: boolean;
  currency: string;
  data: unknown;
  by_model: unknown;
  by_account: unknown;
  total: unknown;
}
