/** Payments come in over a public route: nothing but a fresh, valid signature counts. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { isSignedPayment, minorPlaces, paymentOf } from "../../src/ledger/payments.ts";

const SECRET = "whsec_test";
const NOW = Date.UTC(2026, 10, 21);
const body = new TextEncoder().encode('{"id":"evt_1"}');
const time = NOW / 1_000;
const sign = (at: number, secret = SECRET): string =>
  createHmac("sha256", secret).update(`${at}.`).update(body).digest("hex");

describe("signatures", () => {
  test("a fresh one counts, also among several and beside other schemes", () => {
    expect(isSignedPayment(body, `t=${time},v1=${sign(time)}`, SECRET, NOW)).toBe(true);
    const rolled = `t=${time}, v1=${sign(time, "old")}, v1=${sign(time)}, v0=${"0".repeat(64)}`;
    expect(isSignedPayment(body, rolled, SECRET, NOW)).toBe(true);
  });
  test.each([
    ["none", null],
    ["empty", ""],
    ["of another secret", `t=${time},v1=${sign(time, "other")}`],
    ["of another time", `t=${time + 1},v1=${sign(time)}`],
    ["too old", `t=${time - 301},v1=${sign(time - 301)}`],
    ["from the future", `t=${time + 301},v1=${sign(time + 301)}`],
    ["without a time", `v1=${sign(time)}`],
    ["in another scheme only", `t=${time},v0=${sign(time)}`],
    ["cut off", `t=${time},v1=${sign(time).slice(0, 60)}`],
    ["in capitals", `t=${time},v1=${sign(time).toUpperCase()}`],
    ["with a time that is no number", `t=now,v1=${sign(time)}`],
  ])("%s does not count", (_name, header) => {
    expect(isSignedPayment(body, header, SECRET, NOW)).toBe(false);
  });
  test("just within the tolerance, either way", () => {
    for (const at of [time - 300, time + 300])
      expect(isSignedPayment(body, `t=${at},v1=${sign(at)}`, SECRET, NOW)).toBe(true);
  });
  test("an empty secret accepts nothing, not even what was signed with it", () => {
    expect(isSignedPayment(body, `t=${time},v1=${sign(time, "")}`, "", NOW)).toBe(false);
  });
  test("one changed byte", () => {
    const changed = new TextEncoder().encode('{"id":"evt_2"}');
    expect(isSignedPayment(changed, `t=${time},v1=${sign(time)}`, SECRET, NOW)).toBe(false);
  });
});

function event(session: JsonObject = {}, type = "checkout.session.completed"): JsonObject {
  const base = {
    id: "cs_1",
    mode: "payment",
    payment_status: "paid",
    payment_intent: "pi_1",
    amount_total: 1_999,
    currency: "usd",
    client_reference_id: "acc_1",
    metadata: {},
  };
  return { id: "evt_1", type, data: { object: { ...base, ...session } } };
}

describe("payments", () => {
  test("a paid checkout", () => {
    const payment = { id: "pi_1", accountId: "acc_1", amount: 19_990_000_000n };
    expect(paymentOf(event(), "USD")).toEqual(payment);
    expect(paymentOf(event({}, "checkout.session.async_payment_succeeded"), "USD")).toEqual(payment);
    const inMetadata = event({ client_reference_id: null, metadata: { account_id: "acc_1" } });
    expect(paymentOf(inMetadata, "USD")).toEqual(payment);
  });
  test("who and what: an empty name is none, a checkout without an intent goes by its own id", () => {
    const given = event({ client_reference_id: "", metadata: { account_id: "acc_2" }, payment_intent: null });
    expect(paymentOf(given, "USD")).toMatchObject({ id: "cs_1", accountId: "acc_2" });
    expect(() => paymentOf(event({ payment_intent: null, id: "" }), "USD")).toThrow(
      expect.objectContaining({ status: 400, param: "data.object.id" }),
    );
  });
  test("places of minor units, as Stripe lists them", () => {
    for (const code of "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "))
      expect([code, minorPlaces(code)]).toEqual([code, 0]);
    for (const code of ["BHD", "JOD", "KWD", "OMR", "TND"]) expect([code, minorPlaces(code)]).toEqual([code, 3]);
    for (const code of ["USD", "EUR", "MYR"]) expect([code, minorPlaces(code)]).toEqual([code, 2]);
  });
  test("the smallest payment is one minor unit", () => {
    expect(paymentOf(event({ amount_total: 1 }), "USD")?.amount).toBe(10_000_000n);
  });
  test("minor units differ by currency", () => {
    expect(paymentOf(event({ currency: "jpy", amount_total: 500 }), "JPY")?.amount).toBe(500_000_000_000n);
    expect(paymentOf(event({ currency: "kwd", amount_total: 1_500 }), "KWD")?.amount).toBe(1_500_000_000n);
    expect(paymentOf(event({ currency: "myr" }), "MYR")?.amount).toBe(19_990_000_000n);
  });
  test.each([
    ["another event", event({}, "invoice.paid")],
    ["not paid yet", event({ payment_status: "unpaid" })],
    ["a subscription's checkout", event({ mode: "subscription" })],
    ["nothing at all", {}],
  ])("%s credits nothing", (_name, given) => {
    expect(paymentOf(given, "USD")).toBeNull();
  });
  test("a payment in another currency names both", () => {
    expect(() => paymentOf(event({ currency: "eur" }), "USD")).toThrow("currency is USD, not EUR");
    expect(() => paymentOf(event({ currency: null }), "USD")).toThrow("currency is USD, not unknown");
  });
  test.each([
    ["another currency", { currency: "eur" }],
    ["no currency", { currency: null }],
    ["a negative amount", { amount_total: -5 }],
    ["an amount of nothing", { amount_total: 0 }],
    ["no amount", { amount_total: null }],
    ["a fraction", { amount_total: 10.5 }],
    ["a cent more than a credit may be", { amount_total: 100_000_000_001 }],
    ["more than any column holds", { amount_total: Number.MAX_SAFE_INTEGER }],
    ["an amount as text", { amount_total: "1999" }],
    ["no account", { client_reference_id: null }],
  ])("%s is refused", (_name, session) => {
    const [field] = Object.keys(session);
    expect(() => paymentOf(event(session), "USD")).toThrow(
      expect.objectContaining({ status: 400, param: `data.object.${field}` }),
    );
  });
});
