import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import type { OwnedFields } from "../dialect.ts";
import { MIN_THINKING_BUDGET } from "./wire-names.ts";

export interface RelayEdits {
  set: Record<string, string>;
  remove: string[];
  losses: Loss[];
}

/** Thinking of the kind that the model's flag refuses, in the kind that it takes; nothing else of the field changes. */
export function relayThinking(doc: ScannedObject, owned: OwnedFields, target: TargetFacts, edits: RelayEdits): void {
  const thinking = doc.value("thinking");
  const kind = target.flags.thinking;
  if (!isObject(thinking) || kind === null || edits.remove.includes("thinking")) return;
  if (kind === "adaptive" && thinking.type === "enabled") toAdaptive(thinking, edits);
  else if (kind === "budget" && thinking.type === "adaptive") toBudget(doc, thinking, owned, edits);
}

function toAdaptive(thinking: JsonObject, edits: RelayEdits): void {
  const { budget_tokens: _budget, ...rest } = thinking;
  edits.set.thinking = JSON.stringify({ ...rest, type: "adaptive" });
  lose(edits, "thinking.budget_tokens", "this model takes no thinking budget; adaptive thinking is asked for");
}

/** Half of max_tokens for thinking; none at all where that is below the least budget. */
function toBudget(doc: ScannedObject, thinking: JsonObject, owned: OwnedFields, edits: RelayEdits): void {
  const cap = owned.maxOutput ?? doc.value("max_tokens");
  const budget = typeof cap === "number" ? Math.floor(cap / 2) : 0;
  if (budget < MIN_THINKING_BUDGET) {
    edits.remove.push("thinking");
    lose(edits, "thinking", "this model has no adaptive thinking, and max_tokens leaves no room for a budget");
    return;
  }
  edits.set.thinking = JSON.stringify({ ...thinking, type: "enabled", budget_tokens: budget });
  lose(edits, "thinking.type", `this model has no adaptive thinking; a budget of ${budget} is asked for`);
}

function lose(edits: RelayEdits, field: string, reason: string): void {
  edits.losses.push({ field, reason, side: "request" });
}
