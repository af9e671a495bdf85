import { defineCommand } from "citty";
import { eraseCommand, exportCommand } from "./account-data-commands.ts";
import { type AdminContext, call, common, given, id, orNone } from "./admin-call.ts";

const terms = {
  tier: { type: "string", description: "tier of the catalog" },
  "monthly-cap": { type: "string", description: "most it may spend a calendar month, such as 100.00" },
  "markup-percent": { type: "string", description: "instead of the catalog's, such as 12.5" },
  "credit-limit": { type: "string", description: "most that may stand to be paid, where it is metered" },
  "low-balance": { type: "string", description: "balance under which the catalog's billing.alerts is told" },
} as const;

type Terms = Partial<Record<keyof typeof terms, string>>;

const termsOf = (args: Terms): Record<string, unknown> => ({
  tier: orNone(args.tier),
  monthly_cap: orNone(args["monthly-cap"]),
  markup_percent: orNone(args["markup-percent"]),
  credit_limit: orNone(args["credit-limit"]),
  low_balance: orNone(args["low-balance"]),
});

const account = { type: "positional", required: true, description: "account id" } as const;

/** `accounts`: everything about customers but their keys and credit. */
export function accountsCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "accounts", description: "Customers: create, list, update, close, export, erase" },
    subCommands: {
      create: defineCommand({
        meta: { name: "create", description: "Create an account" },
        args: { ...common, name: { type: "string", required: true, description: "name to show" }, ...terms },
        run: ({ args }) => call(context, args, "POST", "/admin/accounts", given({ name: args.name, ...termsOf(args) })),
      }),
      list: defineCommand({
        meta: { name: "list", description: "List accounts" },
        args: common,
        run: ({ args }) => call(context, args, "GET", "/admin/accounts"),
      }),
      update: defineCommand({
        meta: { name: "update", description: "Change an account; `none` takes a setting away" },
        args: {
          ...common,
          id: account,
          name: { type: "string", description: "name to show" },
          status: { type: "string", description: "active or disabled" },
          ...terms,
        },
        run: ({ args }) => {
          const change = given({ name: args.name, status: args.status, ...termsOf(args) });
          return call(context, args, "PATCH", `/admin/accounts/${id(args.id)}`, change);
        },
      }),
      close: defineCommand({
        meta: { name: "close", description: "Close an account for good; refused while calls are under way" },
        args: { ...common, id: account },
        run: ({ args }) => call(context, args, "PATCH", `/admin/accounts/${id(args.id)}`, { status: "closed" }),
      }),
      export: exportCommand(context),
      erase: eraseCommand(context),
    },
  });
}
