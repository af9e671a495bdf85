import { defineCommand } from "citty";
import { type AdminContext, call, common, given, id } from "./admin-call.ts";
import { accountFlag } from "./flags.ts";
import { CommandError } from "./transport.ts";

/** `keys create`, `keys list`, `keys revoke`. */
export function keysCommand(context: AdminContext) {
  return defineCommand({
    meta: { name: "keys", description: "API keys: create, list, revoke" },
    subCommands: {
      create: defineCommand({
        meta: { name: "create", description: "Create a key; its plaintext is shown once" },
        args: {
          ...common,
          ...accountFlag,
          name: { type: "string", description: "name to show" },
          models: { type: "string", description: "allowed models, globs separated by commas" },
          "monthly-cap": { type: "string", description: "most it may spend a calendar month, such as 5.00" },
          "requests-per-minute": { type: "string", description: "most calls a minute, in place of its tier's limit" },
          "messages-per-day": { type: "string", description: "most calls a day, in place of its tier's limit" },
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
              limits: limitsOf(args["requests-per-minute"], args["messages-per-day"]),
              expires_at: args["expires-at"],
              kind: args.kind,
              strict: args.strict,
            }),
          ),
      }),
      list: defineCommand({
        meta: { name: "list", description: "List the keys of an account" },
        args: { ...common, ...accountFlag },
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

/** Limits of a key's own; left out where none was given. Throws CommandError. */
function limitsOf(minute: string | undefined, day: string | undefined): Record<string, unknown> | undefined {
  if (minute === undefined && day === undefined) return undefined;
  return given({
    requests_per_minute: wholeNumber("requests-per-minute", minute),
    messages_per_day: wholeNumber("messages-per-day", day),
  });
}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new CommandError(`--${flag} must be a whole number, not ${text}`);
  return Number(text);
}
