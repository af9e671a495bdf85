import type { PriceRow } from "../catalog/types.ts";
import type { TokenClass, Usage } from "../ir/usage.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Nano } from "../lib/money.ts";
import type { Rational } from "../lib/rational.ts";

/** Everything that decides a price, pinned on the hold so that a later edit changes nothing. */
export interface PricePin {
  row: PriceRow;
  markupPercent: Rational;
  /** Units of the ledger currency per 1 USD. */
  fx: Rational;
  currency: string;
}

/** One target's worst case, as tokens by what it can bill. */
export interface WorstCase {
  pin: PricePin;
  /** Upper bound of input tokens of any class. */
  inputTokens: number;
  /** Upper bound of output tokens over all choices, reasoning inside. */
  outputTokens: number;
  /** Names of modifiers that may apply; the dearest counts. */
  modifiers: readonly string[];
  /** Fee names with the largest possible count. */
  fees: Readonly<Record<string, number>>;
  images: number;
  /** Classes that the call can bill at this target; left out = all. */
  classes?: readonly TokenClass[];
}

/** Refusals of a reservation, each one kind that a client can act on. Amounts in nano-units. */
export type Refusal =
  | { kind: "insufficient"; available: Nano; needed: Nano }
  /** Enough money, but tied up by calls in flight. */
  | { kind: "held"; available: Nano; held: Nano; needed: Nano }
  | { kind: "key_cap"; cap: Nano; spent: Nano; held: Nano; needed: Nano; resetsAt: number }
  | { kind: "account_cap"; cap: Nano; spent: Nano; held: Nano; needed: Nano; resetsAt: number }
  | { kind: "call_cap"; cap: Nano; needed: Nano }
  | { kind: "quota"; resetsAt: number }
  | { kind: "subscription_required" }
  | { kind: "daily_messages"; limit: number; resetsAt: number }
  /** Storage can't promise durability right now. */
  | { kind: "unavailable" };

export interface ReserveRequest {
  requestId: string;
  accountId: string;
  keyId: string | null;
  /** Worst-case price, nano-units; 0 is allowed (free, BYOK). */
  amount: Nano;
  /** Charge to nobody's wallet (BYOK, free tier): the hold exists, its amount is 0. */
  free: boolean;
  keyMonthlyCap: Nano | null;
  accountMonthlyCap: Nano | null;
  callCap: Nano | null;
  /** Messages per day for this subject, 0 = none. */
  dailyMessages: { subject: string; limit: number } | null;
  /** How the tier pays: wallet only, or grants first and then metered overage. */
  charge: "wallet" | "subscription" | "metered" | "free";
  /** Content may reach the client before the call's end: then the hold must be on disk first. Else the end's flush puts it there. */
  streamed: boolean;
  /** Facts for recovery and audit that are known now: model, provider, endpoint, dialect … Small JSON, never content. */
  context: JsonObject;
  /** Pin of the first target; replaced by `settle`'s own when another served. */
  pin: PricePin | null;
}

export interface Hold {
  id: string;
  requestId: string;
  accountId: string;
  amount: Nano;
  createdAt: number;
}

export type Reservation =
  | {
      ok: true;
      hold: Hold;
      /** Resolves when the hold is on disk, or written where that is enough; rejects when it can't be. */ durable: Promise<void>;
    }
  | { ok: false; refusal: Refusal };

export type UsageSource = "provider" | "counted" | "bounded";

export interface Checkpoint {
  usage: Usage;
  source: UsageSource;
  /** Charge if the process died now, nano-units. */
  charge: Nano;
}

export interface Settlement {
  usage: Usage;
  source: UsageSource;
  pin: PricePin | null;
  /** Priced by `priceUsage`; what the customer owes before limits of the hold. */
  price: PricedUsage;
  /** True: nothing is charged and `price.charge` is booked to absorbed (early disconnect, failed stream with `free`). */
  absorb: boolean;
  /** What a call on the customer's own provider key is charged instead of `price.charge`; left out = nothing. */
  ownKeyFee?: Nano;
  /** The audit row of the call, written in the same batch. */
  audit: AuditRecordInput;
}

/** Exact price of a usage: separate lines that add up. USD as exact decimals. */
export interface PricedUsage {
  /** What the provider takes, USD. */
  providerCostUsd: Rational;
  /** What the customer pays in USD, markup in, FX out. */
  customerCostUsd: Rational;
  /** Charge in nano-units of the ledger currency, rounded up once. */
  charge: Nano;
  lines: PriceLine[];
  /** What `lines` are made from; storage keeps this instead, where there is one. */
  basis?: LineBasis;
}

/** Unit prices of one priced usage, as exact texts of USD; with the usage they give the lines of its receipt. */
export interface LineBasis {
  units: Partial<Record<TokenClass, string>>;
  fees?: Record<string, string>;
  /** By size: how many, and each. */
  images?: Record<string, [number, string]>;
  perCall?: string;
  markupPercent: string;
  fx: string;
  currency: string;
  /** Nano-units, before limits of the hold. */
  charge: string;
}

export interface PriceLine {
  /** `own_key`: what the account paid at the provider itself, and the fee for that; `absorbed`: what the operator bore. */
  kind: "tokens" | "fee" | "image" | "call" | "markup" | "fx" | "rounding" | "own_key" | "absorbed";
  name: string;
  quantity: number;
  /** Exact decimal strings. */
  unitUsd: string;
  amount: string;
  currency: string;
}

export interface Receipt {
  requestId: string;
  holdId: string;
  accountId: string;
  charged: Nano;
  absorbed: Nano;
  currency: string;
  usage: Usage;
  usageSource: UsageSource;
  priceVersion: string | null;
  lines: PriceLine[];
  settledAt: number;
  state: "settled" | "voided" | "expired";
}

/** Fields of the audit row that the caller knows; seq, hashes and charge are added by the store. */
export interface AuditRecordInput {
  requestId: string;
  time: number;
  accountId: string;
  keyId: string | null;
  endpoint: string;
  dialect: string;
  operation: "generate" | "embed" | "image" | "count";
  modelAsked: string | null;
  modelServed: string | null;
  provider: string | null;
  tier: string;
  routeReason: string | null;
  attempts: number;
  latencyMs: number;
  ttftMs: number | null;
  status: number;
  errorCode: string | null;
  streamState: "completed" | "client_disconnect" | "upstream_error" | "timeout" | "shutdown" | null;
  stream: boolean;
  losses: JsonObject[];
  /** BYOK or operator. */
  credential: "operator" | "byok" | null;
}

export interface Balance {
  accountId: string;
  currency: string;
  wallet: Nano;
  grants: Nano;
  held: Nano;
  /** wallet + grants − held. */
  available: Nano;
  spentThisMonth: Nano;
  receivable: Nano;
}

export interface CreditRequest {
  accountId: string;
  amount: Nano;
  kind: "topup" | "grant" | "refund" | "adjust" | "payment";
  reason: string;
  idempotencyKey: string | null;
  expiresAt: number | null;
  /**
   * The invoice that a refund is a credit note to, or a payment is for, and what of the receivable is still `owed` on it. That is lowered first; the
   * rest of a credit note goes to the wallet, the rest of a payment is its tax.
   */
  invoice?: { number: number; owed: Nano };
}

/**
 * The ledger as its callers see it. All methods are async, no caller assumes that it is local.
 * Rejects only on storage failure (LedgerUnavailable); refusals are values.
 */
export interface Ledger {
  reserve(request: ReserveRequest): Promise<Reservation>;
  checkpoint(holdId: string, checkpoint: Checkpoint): Promise<void>;
  /** Resolves when durable. At most once per hold: a repeat gives the first receipt. */
  settle(holdId: string, settlement: Settlement): Promise<Receipt>;
  /** Releases a hold without charge; the audit row is written too. */
  void(holdId: string, reason: string, audit: AuditRecordInput): Promise<Receipt>;
  /** Audit row of a call that never got a hold (refused at a gate). */
  record(audit: AuditRecordInput): Promise<void>;
  credit(request: CreditRequest): Promise<Balance>;
  balance(accountId: string): Promise<Balance>;
  /** Spend of this calendar month for a key, nano-units. */
  keySpend(keyId: string): Promise<Nano>;
  receipt(requestId: string): Promise<Receipt | null>;
  /** False while admission is shut after a failed flush. */
  healthy(): boolean;
}

/** Gives back (part of) what a call was charged. Sources are credited in the reverse order of their use. */
export interface RefundRequest {
  requestId: string;
  /** Null = all that is left of the charge. */
  amount: Nano | null;
  reason: string;
  idempotencyKey: string | null;
}

/** What an account has agreed with the operator, beside its wallet. Amounts in nano-units. */
export interface AccountTerms {
  accountId: string;
  subscription: Subscription | null;
  /** The receivable stops growing here; null = no bound. */
  creditLimit: Nano | null;
  /** Balance (wallet and grants) under which `onLowBalance` is told, once per crossing; null = never. */
  lowBalance: Nano | null;
}

/** Included credit per period. A period runs from one anchor day to the next, at the anchor's time of day, clamped to short months. */
export interface Subscription {
  plan: string;
  includedCredit: Nano;
  overage: "metered" | "stop";
  /** ms; the first period begins here. */
  anchorAt: number;
  /** ms; no period begins at or after this. */
  endsAt: number | null;
}

/** What operators do to the books beside serving calls. Rejections are GatewayErrors (what was asked is wrong) or LedgerUnavailable. */
export interface LedgerAdmin extends Ledger {
  refund(request: RefundRequest): Promise<Balance>;
  setTerms(terms: AccountTerms): Promise<void>;
  terms(accountId: string): AccountTerms;
  /** Calls of the account that hold something, or nothing because they are free, and have not ended. */
  openCalls(accountId: string): number;
  /** Expires grants whose time is over, and ends holds that were opened before `holdsBefore` (ms) at their checkpoint. Gives counts. */
  sweep(holdsBefore: number): Promise<{ grants: number; holds: number }>;
}
