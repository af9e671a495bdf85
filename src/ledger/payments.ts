import { createHmac, timingSafeEqual } from "node:crypto";
import { invalidRequest } from "../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";
import { formatNano, type Nano } from "../lib/money.ts";
import { LARGEST_CREDIT } from "./credits.ts";

/** s that a signed event may be old or early: Stripe's own default. */
const TOLERANCE_S = 300;

/**
 * Whether a webhook body was signed with `secret`, by Stripe's scheme (https://docs.stripe.com/webhooks#verify-manually): the header is
 * `t=<unix s>,v1=<hex>[,v1=…]`, each v1 the HMAC-SHA-256 of `<t>.<body>`; several while a secret is being rolled. An empty secret signs nothing.
 */
export function isSignedPayment(body: Uint8Array, header: string | null, secret: string, nowMs: number): boolean {
  if (secret === "" || header === null) return false;
  const items = header.split(",").map((item) => item.trim());
  const time = items.find((item) => item.startsWith("t="))?.slice(2) ?? "";
  if (!/^[0-9]{1,12}$/.test(time) || Math.abs(nowMs / 1_000 - Number(time)) > TOLERANCE_S) return false;
  const expected = createHmac("sha256", secret).update(`${time}.`).update(body).digest();
  return items
    .filter((item) => /^v1=[0-9a-f]{64}$/.test(item))
    .some((item) => timingSafeEqual(Buffer.from(item.slice(3), "hex"), expected));
}

/** A payment that was made, to be credited once however many events tell of it. */
export interface Payment {
  /** The provider's id of the payment, not of the event. */
  id: string;
  accountId: string;
  amount: Nano;
}

/** Events that tell of a paid checkout; all others are acknowledged and do nothing. */
const PAID_EVENTS: ReadonlySet<string> = new Set([
  "checkout.session.completed",
  "checkout.session.async_payment_succeeded",
]);

/**
 * Reads a payment out of a signed event: a checkout session in mode `payment` that is paid, with the account in `client_reference_id` or
 * `metadata.account_id`. Null: the event is about something else. Throws GatewayError 400 when it is a payment that can't be credited: a
 * currency other than the ledger's, an amount that is no positive whole number of minor units or too large, no account.
 */
export function paymentOf(event: JsonObject, currency: string): Payment | null {
  if (typeof event["type"] !== "string" || !PAID_EVENTS.has(event["type"])) return null;
  const data = isObject(event["data"]) ? event["data"] : {};
  const session = isObject(data["object"]) ? data["object"] : {};
  if (session["payment_status"] !== "paid" || session["mode"] !== "payment") return null;
  const told = textOf(session["currency"])?.toUpperCase();
  if (told !== currency) {
    throw invalidRequest("data.object.currency", `The ledger's currency is ${currency}, not ${told ?? "unknown"}.`);
  }
  const minor = session["amount_total"];
  if (typeof minor !== "number" || !Number.isSafeInteger(minor) || minor <= 0) {
    throw invalidRequest("data.object.amount_total", "amount_total must be a positive whole number.");
  }
  const metadata = isObject(session["metadata"]) ? session["metadata"] : {};
  const accountId = textOf(session["client_reference_id"]) ?? textOf(metadata["account_id"]);
  if (accountId === null) throw invalidRequest("data.object.client_reference_id", "The payment names no account.");
  const id = textOf(session["payment_intent"]) ?? textOf(session["id"]);
  if (id === null) throw invalidRequest("data.object.id", "The payment has no id.");
  const amount = BigInt(minor) * 10n ** BigInt(9 - minorPlaces(currency));
  if (amount > LARGEST_CREDIT) {
    throw invalidRequest("data.object.amount_total", `A payment is at most ${formatNano(LARGEST_CREDIT)} ${currency}.`);
  }
  return { id, accountId, amount };
}

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === "string" && value !== "" ? value : null;

/** Decimal places of Stripe's minor units (https://docs.stripe.com/currencies#minor-units). */
export function minorPlaces(currency: string): number {
  if (NO_PLACES.has(currency)) return 0;
  return THREE_PLACES.has(currency) ? 3 : 2;
}
const NO_PLACES: ReadonlySet<string> = new Set(
  "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "),
);
const THREE_PLACES: ReadonlySet<string> = new Set("BHD JOD KWD OMR TND".split(" "));
