import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import { withoutLastElement } from "../../wire/array-tail.ts";
import type { ScannedObject } from "../../wire/scan.ts";

/**
 * Relay: the source text of a conversation without a last turn of the model's own, where the model's flag says that it refuses one; the loss
 * goes to `losses`. Null when it stays as it is: the model takes it, there is none, or nothing else is there.
 */
export function dropPrefill(
  doc: ScannedObject,
  name: string,
  target: TargetFacts,
  isOwnTurn: (turn: JsonObject) => boolean,
  losses: Loss[],
): string | null {
  if (target.flags.prefill) return null;
  const turns = doc.value(name);
  const last: unknown = Array.isArray(turns) ? turns.at(-1) : null;
  if (!Array.isArray(turns) || turns.length < 2 || !isObject(last) || !isOwnTurn(last)) return null;
  losses.push({
    field: `${name}[${turns.length - 1}]`,
    reason: "this model refuses a conversation that ends with an assistant message",
    side: "request",
  });
  return withoutLastElement(doc, name);
}
