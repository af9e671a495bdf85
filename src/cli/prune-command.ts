import { defineCommand } from "citty";
import { type AdminContext, call, common } from "./admin-call.ts";

/** `audit prune`: drops the calls of whole months with their receipts; entries and balances stay. */
export function pruneCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "prune", description: "Drop the calls of old months; the ledger's entries stay" },
    args: { month: { type: "string", required: true, description: "last month to drop, such as 2026-08" }, ...common },
    run: ({ args }) => call(context, args, "POST", "/admin/audit/prune", { month: args.month }),
  });
}
