import type { ProviderReference } from "../dialects/dialect.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import { GatewayError } from "../ir/error.ts";
import type { Target } from "./types.ts";

/** One way by which an id of a provider's was got. */
export interface ReferenceHolder {
  provider: string;
  /** `Credential.id`. */
  credential: string;
  /** By the account that asks now. */
  own: boolean;
}

/** What a call says about things kept at a provider, and who is known to have got them. */
export interface ReferenceWants {
  hints: { references: readonly ProviderReference[] };
  clientDialect: DialectId;
  holdersOf(reference: ProviderReference): readonly ReferenceHolder[];
}

/**
 * Why a target must not be told what the request refers to; null = it may. Everybody behind the operator's key shares one account at the
 * provider, so an id passes only to whoever got it, by the way it came. A key of the customer's own reaches only what is the customer's: there
 * an id that the gateway has never seen passes, too.
 */
export function referenceRefusal(wants: ReferenceWants, target: Target): GatewayError | null {
  const refused = wants.hints.references.find((reference) => !mayPass(wants, reference, target));
  return refused === undefined ? null : notOwned(refused);
}

function mayPass(wants: ReferenceWants, reference: ProviderReference, target: Target): boolean {
  if (reference.inHistory === true && target.dialect !== wants.clientDialect) return true;
  const holders = wants.holdersOf(reference);
  if (target.credential.kind === "byok" && holders.length === 0) return true;
  return holders.some((holder) => holder.own && isSameWay(holder, target));
}

/** A customer's own key may serve several rows of one API; the operator has one key per row. */
function isSameWay(holder: ReferenceHolder, target: Target): boolean {
  if (holder.credential !== target.credential.id) return false;
  return target.credential.kind === "byok" || holder.provider === target.provider.name;
}

function notOwned({ field, kind, id }: ProviderReference): GatewayError {
  return new GatewayError({
    status: 404,
    code: "not_found",
    param: field,
    message: `${field}: no ${kind.replaceAll("_", " ")} ${JSON.stringify(id.slice(0, 100))} of this account's; send the content itself.`,
  });
}

/** What is kept at one provider is not looked for at another: a call that names such a thing stays with its first target's key. */
export function pinned(wants: ReferenceWants, targets: readonly Target[]): Target[] {
  const [first] = targets;
  if (first === undefined || wants.hints.references.every((reference) => reference.inHistory === true)) {
    return [...targets];
  }
  return targets.filter(
    ({ provider, credential }) => provider.name === first.provider.name && credential.id === first.credential.id,
  );
}
