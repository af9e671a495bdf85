import { t } from "elysia";
import { isEntryAllowed, entryOf } from "./entries.ts";
import { unknownModel } from "./unknown.ts";
import type { Model } from "../../catalog/types.ts";
import type { Principal } from "../../gates/types.ts";
import { GatewayError, invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatNano } from "../../lib/money.ts";
import { amountSchema, readAmount } from "../amounts.ts";
import { type Guard, managementApp } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { wrongMethod } from "../fallback.ts";
import { identifyOwner } from "../identify.ts";
import { decodePath } from "../inference/gemini-path.ts";
import { pathOf } from "../peer.ts";

export const capSchema = t.Object({ cap: amountSchema }, { additionalProperties: false });
const SUFFIX = "/cap";

/**
 * The customer's own cap per call for a model. Ids may hold slashes, so the routes are wildcards that end in `/cap`; GET lives with the
 * model itself (models/routes.ts), which has the same wildcard.
 */
export function capRoutes(deps: HttpDeps) {
  const guard: Guard = async (request, peers) => {
    if (!isCapPath(pathOf(request.url))) throw wrongMethod(request);
    await identifyOwner(deps, request, peers);
  };
  return managementApp(deps, guard)
    .put(
      "/v1/models/*",
      async ({ request, server, params, body }) => {
        const principal = await identifyOwner(deps, request, server);
        const model = cappedModel(deps, principal, params["*"]);
        requireUncapped(principal);
        const cap = readAmount("cap", body.cap);
        if (cap === 0n) throw invalidRequest("cap", "cap must be more than 0; DELETE removes it.");
        await deps.callCaps.set(principal.account.id, model.id, cap);
        return capView(deps, principal, model);
      },
      { body: capSchema, detail: { hide: true } },
    )
    .delete(
      "/v1/models/*",
      async ({ request, server, params }) => {
        const principal = await identifyOwner(deps, request, server);
        const model = cappedModel(deps, principal, params["*"]);
        requireUncapped(principal);
        await deps.callCaps.set(principal.account.id, model.id, null);
        return capView(deps, principal, model);
      },
      { detail: { hide: true } },
    );
}

/** True for the path behind `/v1/models/` of a cap, which is no model id. */
export const isCapPath = (rest: string): boolean => rest.endsWith(SUFFIX);

/** The account's own cap per call for the model that the path names. Throws GatewayError 404. */
export async function readCap(deps: HttpDeps, principal: Principal, rest: string): Promise<JsonObject> {
  return capView(deps, principal, cappedModel(deps, principal, rest));
}

/** The cap binds every key of the account, so a key that is itself restricted by a cap can't move it. */
function requireUncapped(principal: Principal): void {
  if (principal.key === null || principal.key.monthlyCap === null) return;
  throw new GatewayError({
    status: 403,
    code: "forbidden",
    message: "A key with a monthly cap can't change the account's caps per call.",
  });
}

function cappedModel(deps: HttpDeps, principal: Principal, rest: string): Model {
  const catalog = deps.catalog();
  const name = decodePath(rest.slice(0, -SUFFIX.length));
  const entry = entryOf(catalog, name);
  if (entry === null || entry.model === null) throw unknownModel(catalog, name);
  if (isEntryAllowed(catalog, principal, entry, deps.clock.now())) return entry.model;
  throw new GatewayError({ status: 403, code: "model_not_allowed", message: "This key may not use this model." });
}

function capView(deps: HttpDeps, principal: Principal, model: Model): JsonObject {
  const own = deps.callCaps.get(principal.account.id, model.id);
  const effective = own ?? model.callCap;
  return {
    object: "model.cap",
    model: model.id,
    currency: deps.catalog().billing.currency,
    cap: own === null ? null : formatNano(own),
    default_cap: model.callCap === null ? null : formatNano(model.callCap),
    effective_cap: effective === null ? null : formatNano(effective),
  };
}
