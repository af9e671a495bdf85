import type { Loss } from "../ir/loss.ts";
import type { Dialect } from "./dialect.ts";

/** The losses of a request under the names that its client knows: encoders have one name for what every API calls differently. */
export function inClientWords(client: Dialect, losses: readonly Loss[]): Loss[] {
  const names = client.lossFields ?? {};
  return losses.map((loss) => {
    if (Object.hasOwn(names, loss.field)) return { ...loss, field: names[loss.field] ?? "" };
    return { ...loss, field: schemaPlace(loss.field, names) };
  });
}

/** Places in a schema begin with the field that holds it: that of the output, or of a tool. */
function schemaPlace(field: string, names: Readonly<Record<string, string>>): string {
  return field
    .replace(/^response_format\.schema(?=\.)/, (holder) => names[holder] ?? holder)
    .replace(
      /^(tools\[\d+\]\.)(parameters)(?=\.)/,
      (_all, tool: string, holder: string) => tool + (names[holder] ?? holder),
    );
}
