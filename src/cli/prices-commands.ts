import { defineCommand } from "citty";
import { parseDay } from "../catalog/build-prices.ts";
import { type RatedCall, Rerating } from "../ledger/rerate.ts";
import { type ReadCatalog, readOrFail } from "./catalog-file.ts";
import { catalogFlags, dataDirFlag, jsonFlag } from "./flags.ts";
import type { Output } from "./output.ts";
import { importJson, importPrices, importText } from "./prices-import.ts";
import { rerateJson, rerateText } from "./prices-rerate.ts";
import { CommandError } from "./transport.ts";

export interface PricesContext {
  out: Output;
  now(): number;
  /** Settled calls from `since` to before `until` (ms). Throws Error when there is no database. */
  calls(dataDir: string | undefined, since: number, until: number): AsyncIterable<RatedCall>;
  read: ReadCatalog;
}

/** `prices import` and `prices rerate`: neither needs a running server, and neither changes the data folder. */
export function pricesCommand(context: PricesContext) {
  return defineCommand({
    meta: { name: "prices", description: "The price book: import, rerate" },
    subCommands: { import: importCommand(context), rerate: rerateCommand(context) },
  });
}

function importCommand(context: PricesContext) {
  return defineCommand({
    meta: {
      name: "import",
      description: "Compare a price list with the catalog, and write the catalog with its prices",
    },
    args: {
      from: { type: "string", required: true, description: "file of LiteLLM's or models.dev's form" },
      ...catalogFlags,
      ...jsonFlag,
      effective: { type: "string", description: "when the new rows begin, ISO 8601; default: now" },
      models: { type: "string", description: "only these models, globs separated by commas" },
      existing: { type: "boolean", description: "add no models that the catalog doesn't have" },
      write: { type: "string", description: "new file for the catalog with the list's prices" },
    },
    run: ({ args }) => {
      const { from, effective, models, write } = args;
      const wanted = { from, effective, models, write, existing: args.existing === true };
      const result = importPrices(readOrFail(context.read, args), wanted, context.now());
      context.out.write(args.json === true ? importJson(result) : importText(result));
    },
  });
}

function rerateCommand(context: PricesContext) {
  return defineCommand({
    meta: { name: "rerate", description: "What recorded calls would cost by a price book; changes nothing" },
    args: {
      since: { type: "string", required: true, description: "first day, such as 2026-11-01, or an instant with zone" },
      until: { type: "string", description: "first day that is left out; default: now" },
      dated: { type: "boolean", description: "by the rows in force at each call, not by those in force now" },
      ...dataDirFlag,
      ...catalogFlags,
      ...jsonFlag,
    },
    run: async ({ args }) => {
      const now = context.now();
      const since = readDay("--since", args.since);
      const until = args.until === undefined ? Number.MAX_SAFE_INTEGER : readDay("--until", args.until);
      if (since >= until) throw new CommandError("--until must lie after --since");
      const { catalog } = readOrFail(context.read, args);
      const rerating = new Rerating(catalog.models, { choice: args.dated === true ? "call" : "now", now });
      for await (const call of context.calls(args["data-dir"], since, until)) rerating.add(call);
      const report = rerating.report();
      const currency = catalog.billing.currency;
      context.out.write(args.json === true ? rerateJson(report, currency) : rerateText(report, currency));
    },
  });
}

function readDay(flag: string, text: string): number {
  const at = parseDay(text);
  if (Number.isNaN(at)) throw new CommandError(`${flag} must be a date such as 2026-11-01, not ${text}`);
  return at;
}
