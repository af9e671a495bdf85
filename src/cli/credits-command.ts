import { defineCommand } from "citty";
import { type AdminContext, call, common, given, id } from "./admin-call.ts";
import { accountFlag } from "./flags.ts";
import { CommandError } from "./transport.ts";

/** `credits add`, `credits show`. */
export function creditsCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "credits", description: "Wallets: add, show" },
    subCommands: {
      add: defineCommand({
        meta: { name: "add", description: "Add credit to an account" },
        args: {
          ...common,
          ...accountFlag,
          amount: { type: "string", required: true, description: "in the ledger's currency, such as 50.00" },
          reason: { type: "string", description: "why, for the books" },
          "idempotency-key": { type: "string", description: "the same key credits once" },
        },
        run: ({ args }) => {
          if (!/^[0-9]+(\.[0-9]{1,9})?$/.test(args.amount)) {
            throw new CommandError(`--amount must be a positive decimal such as 50.00, not ${args.amount}`);
          }
          return call(
            context,
            args,
            "POST",
            `/admin/accounts/${id(args.account)}/credits`,
            given({ amount: args.amount, reason: args.reason, idempotency_key: args["idempotency-key"] }),
          );
        },
      }),
      show: defineCommand({
        meta: { name: "show", description: "Show an account's balance" },
        args: { ...common, ...accountFlag },
        run: ({ args }) => call(context, args, "GET", `/admin/accounts/${id(args.account)}/credits`),
      }),
    },
  });
}
