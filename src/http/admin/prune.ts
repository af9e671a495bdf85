import { type Static, t } from "elysia";
import { invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { monthOf } from "../../ledger/periods.ts";
import type { HttpDeps } from "../deps.ts";

export const pruneSchema = t.Object(
  { month: t.String({ pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$", description: "Last month to drop, such as 2026-08" }) },
  { additionalProperties: false },
);

/** Drops the calls of whole months that are over. The answer's anchor proves where the chain goes on. Throws GatewayError 400. */
export async function pruneCalls(deps: HttpDeps, input: Static<typeof pruneSchema>): Promise<JsonObject> {
  const current = monthOf(deps.clock.now(), deps.catalog().billing.timezone);
  if (input.month >= current) throw invalidRequest("month", "Only months that are over can be dropped.");
  const { calls, anchor } = await deps.retention.prune(input.month);
  return { object: "pruned", month: input.month, calls, anchor: anchor === null ? null : { ...anchor } };
}
