import { defineCommand } from "citty";
import type { AdminContext } from "./admin-commands.ts";
import { printResult } from "./output.ts";

const args = {
  month: { type: "string", required: true, description: "last month to drop, such as 2026-08" },
  "data-dir": { type: "string", description: "data folder (TOLLGATE_DATA_DIR, default ./data)" },
  json: { type: "boolean", description: "print JSON" },
} as const;

/** `audit prune`: drops the calls of whole months with their receipts; entries and balances stay. */
export function pruneCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "prune", description: "Drop the calls of old months; the ledger's entries stay" },
    args,
    run: async ({ args: given }) => {
      const connection = await context.connect(given["data-dir"]);
      try {
        const result = await connection.send("POST", "/admin/audit/prune", { month: given.month });
        printResult(context.out, result, given.json === true);
      } finally {
        await connection.close();
      }
    },
  });
}
