import { defineCommand } from "citty";
import { type AdminContext, call, common } from "./admin-call.ts";

/** `provider-keys rotate`: customers' provider keys are sealed anew under the current secret; afterwards the old one can go. */
export function providerKeysCommand(context: AdminContext) {
  const rotate = defineCommand({
    meta: { name: "rotate", description: "Seal customers' provider keys anew under TOLLGATE_PROVIDER_KEY_SECRET" },
    args: common,
    run: ({ args }) => call(context, args, "POST", "/admin/provider-keys/rotate"),
  });
  return defineCommand({
    meta: { name: "provider-keys", description: "Customers' own provider keys: rotate" },
    subCommands: { rotate },
  });
}
