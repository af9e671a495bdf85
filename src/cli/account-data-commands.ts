import { closeSync, openSync, writeSync } from "node:fs";
import { defineCommand } from "citty";
import { type AdminContext, call, common, id, placeFlags, withConnection } from "./admin-call.ts";
import { CommandError } from "./transport.ts";

/** `accounts export ID FILE`: NDJSON into a new file that only its owner may read. */
export function exportCommand(context: AdminContext) {
  return defineCommand({
    meta: {
      name: "export",
      description: "Write everything about an account into a new file, as NDJSON, without secrets",
    },
    args: {
      ...placeFlags,
      id: { type: "positional", required: true, description: "account id" },
      file: { type: "positional", required: true, description: "the new file" },
    },
    run: async ({ args }) => {
      await withConnection(context, args, async (connection) => {
        const file = openNew(args.file);
        try {
          await connection.download(`/admin/accounts/${id(args.id)}/export`, (bytes) => void writeSync(file, bytes));
        } finally {
          closeSync(file);
        }
      });
      context.out.write(`${args.file}\n`);
    },
  });
}

function openNew(file: string): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    throw new CommandError(`${file} can't be made: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `accounts erase ID --confirm ID`. */
export function eraseCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "erase", description: "Close an account for good and take what is about people out of it" },
    args: {
      ...common,
      id: { type: "positional", required: true, description: "account id" },
      confirm: { type: "string", required: true, description: "the account's id once more: this can't be taken back" },
      "keep-invoices": { type: "boolean", description: "leave whom issued invoices are made out to" },
    },
    run: ({ args }) => {
      const body = { confirm: args.confirm, keep_invoices: args["keep-invoices"] === true };
      return call(context, args, "POST", `/admin/accounts/${id(args.id)}/erase`, body);
    },
  });
}
