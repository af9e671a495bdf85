/** The payment provider's webhook over HTTP: credits once per payment, and only what was signed. */
import { createHmac } from "node:crypto";
import { expect, test } from "bun:test";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const SECRET = "whsec_test";

function event(id: string, session: Record<string, unknown>): string {
  const object = {
    mode: "payment",
    payment_status: "paid",
    payment_intent: "pi_1",
    amount_total: 2_500,
    currency: "usd",
    ...session,
  };
  return JSON.stringify({ id, type: "checkout.session.completed", data: { object } });
}

async function tell(gateway: TestGateway, body: string, secret = SECRET): Promise<number> {
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
  const headers = { "stripe-signature": `t=${time},v1=${signature}`, "content-type": "application/json" };
  const response = await fetch(`${gateway.url}/webhooks/stripe`, { method: "POST", headers, body });
  await response.text();
  return response.status;
}

const start = (env: Record<string, string>) => startGateway({ env });

test("a payment is credited once, however many events tell of it", async () => {
  await using gateway = await start({ TOLLGATE_STRIPE_WEBHOOK_SECRET: SECRET });
  const { accountId } = await gateway.createKey();
  const paid = event("evt_1", { client_reference_id: accountId });
  const again = event("evt_2", { client_reference_id: accountId });
  expect(await Promise.all([tell(gateway, paid), tell(gateway, paid), tell(gateway, again)])).toEqual([200, 200, 200]);
  expect(await gateway.balance(accountId)).toMatchObject({ balance_cents: 2_500 });
  // The same payment with another amount is no payment.
  expect(await tell(gateway, event("evt_3", { client_reference_id: accountId, amount_total: 9_900 }))).toBe(409);
  expect(await gateway.balance(accountId)).toMatchObject({ balance_cents: 2_500 });
  expect(gateway.verify()).toEqual([]);
});

test("forged, foreign and incomplete events credit nothing", async () => {
  await using gateway = await start({ TOLLGATE_STRIPE_WEBHOOK_SECRET: SECRET });
  const { accountId } = await gateway.createKey();
  const paid = event("evt_1", { client_reference_id: accountId });
  expect(await tell(gateway, paid, "guessed")).toBe(401);
  expect(await tell(gateway, event("evt_1", { client_reference_id: accountId, currency: "eur" }))).toBe(400);
  expect(await tell(gateway, event("evt_1", { client_reference_id: accountId, amount_total: -1 }))).toBe(400);
  expect(await tell(gateway, event("evt_1", { client_reference_id: "acc_unknown" }))).toBe(404);
  expect(await tell(gateway, event("evt_1", { client_reference_id: accountId, payment_status: "unpaid" }))).toBe(200);
  expect(await tell(gateway, "not json")).toBe(400);
  expect(await gateway.balance(accountId)).toMatchObject({ balance_cents: 0 });
});

test("without a secret there is no webhook, whatever is signed with nothing", async () => {
  await using gateway = await start({});
  const { accountId } = await gateway.createKey();
  expect(await tell(gateway, event("evt_1", { client_reference_id: accountId }), "")).toBe(404);
  expect(await gateway.balance(accountId)).toMatchObject({ balance_cents: 0 });
});
