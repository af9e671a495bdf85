import type { DialectId } from "../ir/dialect-id.ts";
import type { Loss } from "../ir/loss.ts";
import type { GenerateRequest, Part } from "../ir/request.ts";
import type { JsonObject } from "../lib/json.ts";

/**
 * The unknown fields of messages and parts that stay behind because the target speaks another dialect, but for those that its encoder has
 * reported itself. So no encoder can drop one in silence.
 */
export function lostExtras(request: GenerateRequest, target: DialectId, reported: readonly Loss[]): Loss[] {
  if (request.origin === target) return [];
  const known = new Set(reported.map((loss) => loss.field));
  const losses: Loss[] = [];
  const add = (path: string, extras: JsonObject | undefined): void => {
    for (const name of Object.keys(extras ?? {})) {
      const field = `${path}.${name}`;
      if (known.has(path) || known.has(field)) continue;
      known.add(field);
      losses.push({ field, reason: `not known to ${target}`, side: "request" });
    }
  };
  const addParts = (parts: readonly Part[]): void => {
    for (const part of parts) {
      add(part.path, part.extras);
      if (part.type === "tool-result") addParts(part.content);
    }
  };
  addParts(request.system);
  for (const turn of request.turns) {
    add(turn.path, turn.extras);
    addParts(turn.parts);
  }
  return losses;
}
