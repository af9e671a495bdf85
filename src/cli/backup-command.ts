import { defineCommand } from "citty";
import { dataDirFlag, jsonFlag } from "./flags.ts";
import type { Output } from "./output.ts";
import { CommandError } from "./transport.ts";

export interface BackupContext {
  out: Output;
  /** Copies the database of a data folder into a new file, and checks the copy. Throws Error with a message to print. */
  backUp(dataDir: string | undefined, file: string): { entries: number; settlements: number; auditRows: number };
}

const args = {
  file: { type: "positional", required: true, description: "the new file" },
  ...dataDirFlag,
  ...jsonFlag,
} as const;

/** `backup FILE`: works while a server runs. To restore, put the file into a data folder as `tollgate.db`, beside the folder's `secret`. */
export function backupCommand(context: BackupContext) {
  return defineCommand({
    meta: { name: "backup", description: "Copy the database into a new file, checked; also while a server runs" },
    args,
    run: ({ args: given }) => {
      try {
        const { entries, settlements, auditRows } = context.backUp(given["data-dir"], given.file);
        const counts = { entries, settlements, audit_rows: auditRows };
        const text = `${entries} entries, ${settlements} settlements, ${auditRows} audit rows\nthe master secret is not in it: keep the folder's secret file as well`;
        context.out.write(given.json === true ? `${JSON.stringify({ file: given.file, ...counts })}\n` : `${text}\n`);
      } catch (error) {
        throw new CommandError(error instanceof Error ? error.message : String(error));
      }
    },
  });
}
