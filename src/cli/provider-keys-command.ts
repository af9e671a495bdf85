import { defineCommand } from "citty";
import type { AdminContext } from "./admin-commands.ts";
import { printResult } from "./output.ts";

const args = {
  "data-dir": { type: "string", description: "data folder (TOLLGATE_DATA_DIR, default ./data)" },
  json: { type: "boolean", description: "print JSON" },
} as const;

/** `provider-keys rotate`: customers' provider keys are sealed anew under the current secret; afterwards the old one can go. */
export function providerKeysCommand(context: AdminContext) {
  const rotate = defineCommand({
    meta: { name: "rotate", description: "Seal customers' provider keys anew under TOLLGATE_PROVIDER_KEY_SECRET" },
    args,
    run: async ({ args: given }) => {
      const connection = await context.connect(given["data-dir"]);
      try {
        printResult(context.out, await connection.send("POST", "/admin/provider-keys/rotate"), given.json === true);
      } finally {
        await connection.close();
      }
    },
  });
  return defineCommand({
    meta: { name: "provider-keys", description: "Customers' own provider keys: rotate" },
    subCommands: { rotate },
  });
}
