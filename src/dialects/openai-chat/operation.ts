import type { Hints, OwnedFields, SplicedRequest } from "../dialect.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Capability, TargetFacts } from "../../ir/target.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { spliceFields } from "../../wire/splice.ts";
import { isAbsent, readName, type Wire } from "../shared/fields.ts";
import { operationHints } from "../shared/operation-hints.ts";

/** Hints of an embeddings or images call. Throws GatewayError 400 when the model is no name. */
export function hintsOf(doc: ScannedObject, need: Capability, n: number): Hints {
  const model = doc.value("model") as Wire;
  return operationHints(doc, { model: isAbsent(model) ? null : readName(model, "model"), need, n });
}

/** The client's bytes with the model of the target; fields that the provider refuses are taken out, each a loss. */
export function spliceOperation(
  doc: ScannedObject,
  owned: OwnedFields,
  target: TargetFacts,
  path: string,
): SplicedRequest {
  const remove = target.compat.refuses.filter((name) => name !== "model" && doc.fields.has(name));
  const losses = remove.map((field): Loss => ({ field, reason: "refused by this provider", side: "request" }));
  return { path, bytes: spliceFields(doc, { set: { model: JSON.stringify(owned.model) }, remove }), losses };
}

/** The fields of this dialect that the representation has no word for; for a client of another dialect each one is a loss. */
export function operationExtras(
  extras: { origin: string; fields: JsonObject },
  body: JsonObject,
  target: TargetFacts,
): Loss[] {
  const losses: Loss[] = [];
  for (const [name, value] of Object.entries(extras.fields)) {
    if (extras.origin === "openai-chat") body[name] = value;
    else losses.push({ field: name, reason: "not known to OpenAI", side: "request" });
  }
  for (const name of target.compat.refuses) {
    if (body[name] === undefined || name === "model") continue;
    losses.push({ field: name, reason: "refused by this provider", side: "request" });
    delete body[name];
  }
  return losses;
}
