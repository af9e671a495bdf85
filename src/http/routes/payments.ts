import { Elysia } from "elysia";
import { GatewayError, notFound } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import { isSignedPayment, paymentOf } from "../../ledger/payments.ts";
import { readBody } from "../../wire/read-body.ts";
import { scanObject } from "../../wire/scan.ts";
import type { HttpDeps } from "../deps.ts";

/** Where the payment provider tells of payments. Its signature is the only credential; without a configured secret there is no such route. */
export function paymentRoutes(deps: HttpDeps) {
  return new Elysia().post("/webhooks/stripe", ({ request }) => takePayment(deps, request), {
    parse: "none",
  });
}

/** Credits a payment once, however often it is told. Events of other kinds are acknowledged, or they would be sent again for days. */
async function takePayment(deps: HttpDeps, request: Request): Promise<JsonObject> {
  const secret = deps.paymentSecret ?? "";
  if (secret === "") {
    throw notFound("Payments are not set up at this gateway.");
  }
  const body = await readBody(request, { maxBytes: deps.settings.maxManagementBytes });
  if (!isSignedPayment(body, request.headers.get("stripe-signature"), secret, deps.clock.now())) {
    throw new GatewayError({ status: 401, code: "unauthorized", message: "The event's signature is not valid." });
  }
  const payment = paymentOf(scanObject(body).parse() as JsonObject, deps.catalog().billing.currency);
  if (payment === null) return { received: true, credited: false };
  const { id, accountId, amount } = payment;
  const account = deps.keys.findAccount(accountId);
  if (account === null || account.status === "closed") {
    deps.log.error("a payment names no open account", { payment: id, account_id: accountId });
    throw notFound("The payment names no open account.");
  }
  // Several events may tell of one payment, each with an id of its own: the payment is what counts.
  const key = `payment ${id}`;
  const reason = `payment ${id}`;
  await deps.ledger.credit({ accountId, amount, kind: "topup", reason, idempotencyKey: key, expiresAt: null });
  return { received: true, credited: true };
}
