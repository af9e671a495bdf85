import { requireRights } from "../../gates/key-rights.ts";
import type { Principal } from "../../gates/types.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";
import { changeKey, draftKey, findKey, revokeKey, rotateKey, storeKey } from "./key-actions.ts";
import { type KeyChange, keySchema, readKeyInput } from "./key-input.ts";
import { keyView } from "./key-view.ts";

/** Keys of the caller's account. A key can't hand on more than it has itself (gates/key-rights.ts). */
export function keyRoutes(deps: HttpDeps) {
  return ownerApp(deps)
    .get("/v1/keys", ({ principal: { account } }) => ({
      object: "list",
      data: deps.keys.listKeys(account.id).map(keyView),
    }))
    .post(
      "/v1/keys",
      ({ principal, body }) => {
        const wanted = inherited(principal, readKeyInput(body, deps.clock.now()));
        const draft = draftKey(deps, principal.account.id, "user", wanted);
        requireRights(principal, draft.record, null);
        return storeKey(deps, draft);
      },
      { body: keySchema },
    )
    .get("/v1/keys/:id", ({ principal: { account }, params }) => keyView(findKey(deps, params.id, account.id)))
    .patch(
      "/v1/keys/:id",
      ({ principal, params, body }) => {
        const key = findKey(deps, params.id, principal.account.id);
        const change = readKeyInput(body, deps.clock.now());
        requireRights(principal, key, key);
        requireRights(principal, { ...key, ...change }, key);
        return changeKey(deps, key, change);
      },
      { body: keySchema },
    )
    .delete(
      "/v1/keys/:id",
      ({ principal, params }) => {
        const key = findKey(deps, params.id, principal.account.id);
        requireRights(principal, key, key);
        return revokeKey(deps, key);
      },
      { parse: "none" },
    )
    .post(
      "/v1/keys/:id/rotate",
      ({ principal, params }) => {
        const key = findKey(deps, params.id, principal.account.id);
        requireRights(principal, key, key);
        return rotateKey(deps, key);
      },
      { parse: "none" },
    );
}

/** What was not said is taken over from the key that was used, so that a new key starts within its rights. */
function inherited(principal: Principal, change: KeyChange): KeyChange {
  const own = principal.key;
  if (own === null) return change;
  const limits = own.limits === null ? change.limits : { ...own.limits, ...change.limits };
  return {
    models: own.models,
    expiresAt: own.expiresAt,
    strict: own.strict,
    ...change,
    ...(limits === undefined ? {} : { limits }),
  };
}
