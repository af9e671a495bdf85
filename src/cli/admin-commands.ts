import { defineCommand } from "citty";
import { type Output, printResult } from "./output.ts";
import { type Connection, CommandError } from "./transport.ts";

/** What every command that talks to the admin API is given. */
export interface AdminContext {
  connect(dataDir: string | undefined): Promise<Connection>;
  out: Output;
}

/** Arguments of every command that talks to the admin API. */
export const common = {
  "data-dir": { type: "string", description: "data folder (TOLLGATE_DATA_DIR, default ./data)" },
  json: { type: "boolean", description: "print JSON" },
} as const;

export interface CommonArgs {
  "data-dir"?: string;
  json?: boolean;
}

/** One request of the admin API, its answer printed. */
export async function call(
  context: AdminContext,
  args: CommonArgs,
  method: string,
  path: string,
  body?: unknown,
): Promise<void> {
  const connection = await context.connect(args["data-dir"]);
  try {
    printResult(context.out, await connection.send(method, path, body), args.json === true);
  } finally {
    await connection.close();
  }
}

/** An id as part of a path. */
export const id = (text: string): string => encodeURIComponent(text);

/** Only the fields that were given, so that the API's own defaults hold for the rest. */
export function given(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The value of a setting: `none` takes it away (null), left out it stays (undefined). */
export const orNone = (value: string | undefined): string | null | undefined => (value === "none" ? null : value);

/** `keys create`, `keys list`, `keys revoke`. */
export function keysCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "keys", description: "API keys: create, list, revoke" },
    subCommands: {
      create: defineCommand({
        meta: { name: "create", description: "Create a key; its plaintext is shown once" },
        args: {
          ...common,
          account: { type: "string", required: true, description: "account id" },
          name: { type: "string", description: "name to show" },
          models: { type: "string", description: "allowed models, globs separated by commas" },
          "monthly-cap": { type: "string", description: "most it may spend a calendar month, such as 5.00" },
          "expires-at": { type: "string", description: "date after which it is refused, ISO 8601" },
          kind: { type: "string", description: "user, instance or self-host" },
          strict: { type: "boolean", description: "refuse requests that would lose something on the way" },
        },
        run: ({ args }) =>
          call(
            context,
            args,
            "POST",
            `/admin/accounts/${id(args.account)}/keys`,
            given({
              name: args.name,
              models: args.models?.split(",").map((item) => item.trim()),
              monthly_cap: args["monthly-cap"],
              expires_at: args["expires-at"],
              kind: args.kind,
              strict: args.strict,
            }),
          ),
      }),
      list: defineCommand({
        meta: { name: "list", description: "List the keys of an account" },
        args: { ...common, account: { type: "string", required: true, description: "account id" } },
        run: ({ args }) => call(context, args, "GET", `/admin/accounts/${id(args.account)}/keys`),
      }),
      revoke: defineCommand({
        meta: { name: "revoke", description: "Revoke a key at once" },
        args: { ...common, id: { type: "positional", required: true, description: "key id" } },
        run: ({ args }) => call(context, args, "DELETE", `/admin/keys/${id(args.id)}`),
      }),
    },
  });
}

/** `credits add`, `credits show`. */
export function creditsCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "credits", description: "Wallets: add, show" },
    subCommands: {
      add: defineCommand({
        meta: { name: "add", description: "Add credit to an account" },
        args: {
          ...common,
          account: { type: "string", required: true, description: "account id" },
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
        args: { ...common, account: { type: "string", required: true, description: "account id" } },
        run: ({ args }) => call(context, args, "GET", `/admin/accounts/${id(args.account)}/credits`),
      }),
    },
  });
}
