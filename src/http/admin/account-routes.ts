import { GatewayError } from "../../ir/error.ts";
import { type Guard, managementApp } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { changeKey, draftKey, findKey, revokeKey, rotateKey, storeKey } from "../routes/key-actions.ts";
import { adminKeySchema, readKeyInput } from "../routes/key-input.ts";
import { keyView } from "../routes/key-view.ts";
import { addProviderKey, listProviderKeys, providerKeySchema, removeProviderKey } from "../routes/provider-keys.ts";
import { eraseAccount, eraseSchema, exportAccount } from "./account-data.ts";
import {
  accountChangeSchema,
  accountView,
  changeAccount,
  createAccount,
  findAccount,
  findOpenAccount,
  newAccountSchema,
} from "./accounts.ts";
import { addCredit, creditSchema, creditsOf } from "./credits.ts";
import { endSubscription, setSubscription, subscriptionSchema, subscriptionView } from "./subscription.ts";

/** Accounts, and what credit they have. */
export function accountRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts", () => ({
      object: "list",
      data: deps.keys.listAccounts().map((account) => accountView(deps, account)),
    }))
    .post("/admin/accounts", async ({ body }) => Response.json(await createAccount(deps, body), { status: 201 }), {
      body: newAccountSchema,
    })
    .get("/admin/accounts/:id", ({ params }) => accountView(deps, findAccount(deps, params.id)))
    .patch("/admin/accounts/:id", ({ params, body }) => changeAccount(deps, params.id, body), {
      body: accountChangeSchema,
    })
    .get("/admin/accounts/:id/credits", async ({ params }) => {
      const account = findAccount(deps, params.id);
      return creditsOf(account, await deps.ledger.balance(account.id));
    })
    .post("/admin/accounts/:id/credits", ({ request, params, body }) => addCredit(deps, request, params.id, body), {
      body: creditSchema,
    });
}

/** Keys of any account. */
export function accountKeyRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts/:id/keys", ({ params }) => ({
      object: "list",
      data: deps.keys.listKeys(findAccount(deps, params.id).id).map(keyView),
    }))
    .post(
      "/admin/accounts/:id/keys",
      ({ params, body }) => {
        const account = findOpenAccount(deps, params.id);
        const change = readKeyInput(body, deps.clock.now());
        return storeKey(deps, draftKey(deps, account.id, body.kind ?? "user", change));
      },
      { body: adminKeySchema },
    )
    .patch(
      "/admin/keys/:id",
      ({ params, body }) => {
        const key = findKey(deps, params.id, null);
        if (body.kind !== undefined && body.kind !== key.kind) {
          throw new GatewayError({
            status: 409,
            code: "conflict",
            message: "A key's kind can't be changed.",
            param: "kind",
          });
        }
        return changeKey(deps, key, readKeyInput(body, deps.clock.now()));
      },
      { body: adminKeySchema },
    )
    .delete("/admin/keys/:id", ({ params }) => revokeKey(deps, findKey(deps, params.id, null)))
    .post("/admin/keys/:id/rotate", ({ params }) => rotateKey(deps, findKey(deps, params.id, null)));
}

/** Provider keys that customers brought. */
export function accountProviderKeyRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts/:id/provider-keys", ({ params }) => listProviderKeys(deps, findAccount(deps, params.id).id))
    .post(
      "/admin/accounts/:id/provider-keys",
      ({ params, body }) => addProviderKey(deps, findOpenAccount(deps, params.id).id, body),
      { body: providerKeySchema },
    )
    .delete("/admin/accounts/:id/provider-keys/:key", ({ params }) =>
      removeProviderKey(deps, findAccount(deps, params.id).id, params.key),
    )
    .post(
      "/admin/provider-keys/rotate",
      async () => ({ object: "provider_key_rotation", ...(await deps.providerKeys.rotate()) }),
      { parse: "none" },
    );
}

/** What an account subscribes to. */
export function subscriptionRoutes(deps: HttpDeps, guard: Guard) {
  const path = "/admin/accounts/:id/subscription";
  return managementApp(deps, guard)
    .get(path, ({ params }) => subscriptionView(deps, params.id))
    .put(path, ({ params, body }) => setSubscription(deps, params.id, body), {
      body: subscriptionSchema,
    })
    .delete(path, ({ params }) => endSubscription(deps, params.id));
}

/** All that is kept of an account, and taking out of it what is about people. */
export function accountDataRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts/:id/export", ({ params }) => exportAccount(deps, params.id))
    .post("/admin/accounts/:id/erase", ({ params, body }) => eraseAccount(deps, params.id, body), {
      body: eraseSchema,
    });
}
