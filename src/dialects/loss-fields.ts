import type { Loss } from "../ir/loss.ts";
import type { Dialect } from "./dialect.ts";

/** The losses of a request under the names that its client knows: encoders have one name for what every API calls differently. */
export function inClientWords(client: Dialect, losses: readonly Loss[]): Loss[] {
  const names = client.lossFields ?? {};
  return losses.map((loss) => (Object.hasOwn(names, loss.field) ? { ...loss, field: names[loss.field] ?? "" } : loss));
}
