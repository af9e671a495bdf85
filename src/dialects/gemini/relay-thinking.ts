import type { Loss } from "../../ir/loss.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { reasoningOf } from "./decode-config.ts";
import { thinkingAmount } from "./encode-reasoning.ts";
import { LOSS_FIELDS } from "./loss-fields.ts";
import { protoField, ProtoReader, spelling } from "./proto.ts";

const AMOUNTS: ReadonlySet<string> = new Set(["thinkingBudget", "thinking_budget", "thinkingLevel", "thinking_level"]);

/**
 * Relay: `thinkingConfig` of a generationConfig for a model that is asked by level or by budget (flag `thinking`) and was asked by the other;
 * as field and JSON text. Null when it stays as it is.
 */
export function relayThinking(
  config: ScannedObject,
  target: TargetFacts,
  losses: Loss[],
): { name: string; text: string } | null {
  const kind = target.flags.thinking;
  const name = spelling((field) => config.fields.has(field), "thinkingConfig");
  const thinking = config.value(name);
  if (kind === null || !isObject(thinking)) return null;
  const refused = protoField(thinking, kind === "adaptive" ? "thinkingBudget" : "thinkingLevel");
  const reasoning = refused === undefined ? null : reasoningOf(new ProtoReader(thinking, `generationConfig.${name}`));
  if (reasoning === null) return null;
  const lose = (field: string, reason: string): void => {
    losses.push({ field: LOSS_FIELDS[field] ?? field, reason, side: "request" });
  };
  const rest = Object.entries(thinking).filter(([field]) => !AMOUNTS.has(field));
  const amount = thinkingAmount(reasoning, kind === "adaptive", { target, lose });
  return { name, text: JSON.stringify({ ...Object.fromEntries(rest), ...amount }) };
}
