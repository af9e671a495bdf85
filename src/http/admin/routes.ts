import { Elysia } from "elysia";
import { GatewayError } from "../../ir/error.ts";
import { managementApp } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { requireAdmin } from "../identify.ts";
import { creditDetails, creditsView } from "../routes/credits.ts";
import { invoiceAnswer } from "../routes/invoices.ts";
import { changeKey, draftKey, findKey, revokeKey, rotateKey, storeKey } from "../routes/key-actions.ts";
import { adminKeySchema, readKeyInput } from "../routes/key-input.ts";
import { keyView } from "../routes/key-view.ts";
import { addProviderKey, listProviderKeys, providerKeySchema, removeProviderKey } from "../routes/provider-keys.ts";
import { auditReport, receiptReport, usageReport } from "../routes/reports.ts";
import {
  accountChangeSchema,
  accountView,
  changeAccount,
  createAccount,
  findAccount,
  newAccountSchema,
} from "./accounts.ts";
import { pricesView, providersView } from "./catalog-views.ts";
import { accountDataRoutes, accountingRoutes, adminInvoiceRoutes } from "./accounting.ts";
import { addCredit, creditSchema } from "./credits.ts";
import { pruneCalls, pruneSchema } from "./prune.ts";
import {
  endSubscription,
  refundCall,
  refundSchema,
  setSubscription,
  subscriptionSchema,
  subscriptionView,
} from "./terms.ts";

/** The operator's API. `trusted` callers came over the control socket and need no token. */
export function adminRoutes(deps: HttpDeps, options: { trusted: boolean }) {
  const guard = options.trusted ? () => undefined : (request: Request) => requireAdmin(deps, request);
  return new Elysia()
    .use(accountRoutes(deps, guard))
    .use(adminKeyRoutes(deps, guard))
    .use(adminProviderKeyRoutes(deps, guard))
    .use(termsRoutes(deps, guard))
    .use(bookRoutes(deps, guard))
    .use(accountingRoutes(deps, guard))
    .use(adminInvoiceRoutes(deps, guard))
    .use(accountDataRoutes(deps, guard));
}

type Guard = (request: Request) => void;

function accountRoutes(deps: HttpDeps, guard: Guard) {
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
      const balance = await deps.ledger.balance(account.id);
      return {
        object: "credits",
        account_id: account.id,
        ...creditsView(balance, account, null),
        ...creditDetails(balance),
      };
    })
    .post(
      "/admin/accounts/:id/credits",
      ({ request, params, body }) => addCredit(deps, params.id, body, request.headers.get("idempotency-key")),
      { body: creditSchema },
    );
}

function adminKeyRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts/:id/keys", ({ params }) => ({
      object: "list",
      data: deps.keys.listKeys(findAccount(deps, params.id).id).map(keyView),
    }))
    .post(
      "/admin/accounts/:id/keys",
      ({ params, body }) => {
        const account = findAccount(deps, params.id);
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

function termsRoutes(deps: HttpDeps, guard: Guard) {
  const path = "/admin/accounts/:id/subscription";
  return managementApp(deps, guard)
    .get(path, ({ params }) => subscriptionView(deps, params.id))
    .put(path, ({ params, body }) => setSubscription(deps, params.id, body), {
      body: subscriptionSchema,
    })
    .delete(path, ({ params }) => endSubscription(deps, params.id))
    .post(
      "/admin/receipts/:request_id/refund",
      ({ request, params, body }) => refundCall(deps, params.request_id, body, request.headers.get("idempotency-key")),
      { body: refundSchema },
    );
}

function adminProviderKeyRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts/:id/provider-keys", ({ params }) => listProviderKeys(deps, findAccount(deps, params.id).id))
    .post(
      "/admin/accounts/:id/provider-keys",
      ({ params, body }) => addProviderKey(deps, findAccount(deps, params.id).id, body),
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

function bookRoutes(deps: HttpDeps, guard: Guard) {
  return managementApp(deps, guard)
    .get("/admin/accounts/:id/invoices/:month", ({ request, params }) =>
      invoiceAnswer(deps, request, findAccount(deps, params.id).id, params.month),
    )
    .post("/admin/audit/prune", ({ body }) => pruneCalls(deps, body), {
      body: pruneSchema,
    })
    .get("/admin/prices", () => pricesView(deps))
    .get("/admin/providers", () => providersView(deps))
    .get("/admin/usage", ({ request }) => usageReport(deps, request, null))
    .get("/admin/audit", ({ request }) => auditReport(deps, request, null))
    .get("/admin/receipts/:request_id", ({ params }) => receiptReport(deps, params.request_id, null))
    .post("/admin/reload", () => reload(deps));
}

/** A broken catalog is refused with every mistake in it; the running one stays. */
async function reload(deps: HttpDeps): Promise<Response> {
  const result = await deps.reload();
  if (result.ok) return Response.json({ status: "ok", version: result.version, warnings: [...result.warnings] });
  throw new GatewayError({
    status: 400,
    code: "invalid_request",
    message: `The catalog was refused, the running one stays: ${result.problems.join("; ")}`,
    details: { problems: [...result.problems] },
  });
}
