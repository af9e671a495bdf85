import type { ProviderId, ProviderIdKind } from "../dialect.ts";
import type { JsonValue } from "../../lib/json.ts";

/** The ids among these values, for `Dialect.idsIn`; what is no string is none. */
export function idsOf(kind: ProviderIdKind, ...values: (JsonValue | undefined)[]): ProviderId[] {
  return values.flatMap((id) => (typeof id === "string" && id !== "" ? [{ kind, id }] : []));
}
