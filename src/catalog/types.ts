import type { CacheTtl } from "../ir/request.ts";
import type { Capability, Compat, ModelFlags } from "../ir/target.ts";
import type { TokenClass } from "../ir/usage.ts";
import type { Rational } from "../lib/rational.ts";

export const PROVIDER_KINDS = [
  "openai",
  "openai-responses",
  "anthropic",
  "gemini",
  "openai-compatible",
  "echo",
] as const;
export type ProviderKind = (typeof PROVIDER_KINDS)[number];

export interface Brand {
  name: string;
  /** Prefix of response headers, such as `X-Tollgate`. */
  headerPrefix: string;
  /** Name of the extension block in answers. */
  extension: string;
  /** Prefix of API keys, such as `tg-`. */
  keyPrefix: string;
}

export interface Billing {
  /** Ledger currency, ISO 4217. */
  currency: string;
  /** Units of the currency per 1 USD. */
  fx: ReadonlyMap<string, Rational>;
  markupPercent: Rational;
  onUpstreamFailure: "delivered" | "free";
  annotate: boolean;
  /** IANA zone of calendar months. */
  timezone: string;
  /** Tokens of worst-case output when neither client nor model sets a cap. */
  defaultOutputCap: number;
  /** Nano-units a key may leave unpaid per day by disconnecting before the first token. */
  disconnectAllowance: bigint;
  /** A flat fee per BYOK call, nano-units. */
  byokFee: bigint;
  /** Whether a profile refuses models without a price (402 model_unpriced) or serves them free. */
  unpriced: "refuse" | "free";
  /** Code of the 402 for an empty wallet where a profile wants its own (`payment_required`, `quota_exceeded`). */
  refusalCode?: "insufficient_credits" | "monthly_cap_reached" | "payment_required" | "quota_exceeded";
  /** Day of the FX rates (ISO 8601) and where they were read, for receipts. */
  fxDate?: string | null;
  fxSource?: string | null;
  /** Who is told of low balances, and what that is signed with; null or left out = nobody. */
  alerts?: { url: string; secret: string } | null;
  /** Subscription plans by name; accounts on a `subscription` tier have one of these. */
  plans?: ReadonlyMap<string, SubscriptionPlan>;
  /** What the payment provider keeps of each payment; `fixed` in nano-units. */
  paymentFee: { percent: Rational; fixed: bigint };
  /** What invoices say of the seller, and the tax on them. */
  invoice: InvoiceTerms;
}

/** What the operator prints on invoices. */
export interface InvoiceTerms {
  /** Name and address, any number of lines. */
  seller: string;
  sellerTaxId: string | null;
  prefix: string;
  creditNotePrefix: string;
  taxName: string;
  taxPercent: Rational;
  /** True: prices contain the tax; it is shown, not added. */
  taxIncluded: boolean;
}

/** What a subscription includes per period. Amounts in nano-units of the ledger currency. */
export interface SubscriptionPlan {
  name: string;
  /** Credit that each period begins with; what is left of it expires at the period's end. */
  includedCredit: bigint;
  /** What happens when it is used up: metered to the receivable, or refused with 402 `quota_exceeded`. */
  overage: "metered" | "stop";
  /** The receivable stops growing here; null = no bound. */
  creditLimit: bigint | null;
}

export interface Limits {
  /** 0 = no limit. */
  requestsPerMinute: number;
  messagesPerDay: number;
}

export interface Tier {
  name: string;
  /** Globs over model ids; empty = all. */
  models: readonly string[];
  limits: Limits;
  /** What the tier's calls are charged to. */
  charge: "wallet" | "subscription" | "metered" | "free";
  /** Key kinds that belong to the tier. */
  bearers: readonly ("instance" | "user" | "self-host" | "jwt" | "anonymous")[];
}

export interface Access {
  auth: "required" | "optional";
  limits: Limits;
  anonymous: { tier: string; models: readonly string[]; limits: Limits } | null;
  tiers: ReadonlyMap<string, Tier>;
  defaultTier: string;
  corsOrigins: readonly string[];
  trustedProxies: readonly string[];
  /** JWT verification; null = no JWT accepted. The secret is resolved from the environment. */
  jwt: {
    algorithms: readonly string[];
    secret: string | null;
    jwksFile: string | null;
    jwksUrl: string | null;
    issuer: string | null;
    audience: string | null;
    accountClaim: string;
    tierClaim: string | null;
  } | null;
  /** 401 code for an unknown credential, and the look of errors. */
  errorStyle: "default" | "wallet" | "managed";
}

export interface BreakerSettings {
  enabled: boolean;
  consecutiveFailures: number;
  failureRate: number;
  minimumCalls: number;
  windowMs: number;
  openMs: number;
  maxOpenMs: number;
}

export interface RoutingSettings {
  /** Attempts after the first. */
  retries: number;
  /** ms, full jitter between these. */
  backoffMinMs: number;
  backoffMaxMs: number;
  /** ms for the whole call until content. */
  deadlineMs: number;
  connectTimeoutMs: number;
  firstTokenTimeoutMs: number;
  idleTimeoutMs: number;
  totalTimeoutMs: number;
  /** ms after which a stream is committed with keep-alives though nothing has come. */
  commitAfterMs: number;
  keepAliveMs: number;
  breaker: BreakerSettings;
  /** Routing words → how they choose. */
  words: ReadonlyMap<string, RoutingWord>;
  defaultModel: string;
}

export interface RoutingWord {
  name: string;
  strategy: "fast" | "balanced" | "quality" | "cost" | "auto";
  /** Serve with this service tier and price modifier (`flex`). */
  serviceTier: string | null;
  /** Explicit candidates, best first; empty = all suitable models of the catalog. */
  models: readonly string[];
  /** For `auto`: candidates by difficulty. */
  tiers: ReadonlyMap<"simple" | "medium" | "complex", readonly string[]> | null;
}

export interface Provider {
  name: string;
  kind: ProviderKind;
  baseUrl: string;
  /** Operator's credential, resolved from the environment; null = none set (BYOK may still serve). */
  apiKey: string | null;
  /** Organisation that mints seals and files; default: the kind's own (`openai`, `anthropic`, `google`) or the provider name. */
  realm: string;
  compat: Compat;
  headers: Readonly<Record<string, string>>;
  enabled: boolean;
  /** True when the catalog names no key for it (echo, servers on one's own machine): calls go out without one. */
  keyless?: boolean;
}

/** USD per 1M tokens, exact. */
export interface PriceRow {
  /** Stable id of this row's content: `<model>@<hash>`; pinned on holds and receipts. */
  version: string;
  /** First instant at which it applies, ms; 0 = always. */
  effectiveFrom: number;
  perMillion: ReadonlyMap<TokenClass, Rational>;
  /** Classes that are billed at another class's price when no own price is given are already filled in by the loader. */
  longContext: readonly { aboveInputTokens: number; perMillion: ReadonlyMap<TokenClass, Rational> }[];
  /** Factor by variant: flex, priority, fast, batch, geo_us … */
  modifiers: ReadonlyMap<string, Rational>;
  /** USD per unit. */
  toolFees: ReadonlyMap<string, { usd: Rational; per: number }>;
  /** USD per image by size/quality key, and `default`. */
  perImage: ReadonlyMap<string, Rational>;
  /** USD per call. */
  perCall: Rational;
  /** TTLs for which a cache-write price is set. */
  cacheWriteTtls: ReadonlySet<CacheTtl>;
  /** Declared free: all prices 0. */
  free: boolean;
}

export interface Model {
  id: string;
  provider: string;
  upstream: string;
  displayName: string;
  context: number;
  maxOutput: number | null;
  defaultOutputCap: number | null;
  capabilities: ReadonlySet<Capability>;
  flags: ModelFlags;
  /** Newest first; empty = unpriced. */
  prices: readonly PriceRow[];
  /** The customer's default cap per call, nano-units of the ledger currency; null = none. */
  callCap: bigint | null;
  /** Per-model markup in percent, instead of the billing one. */
  markupPercent: Rational | null;
  /** 0–100, higher is better; for `quality` and `balanced`. */
  quality: number;
  /** 0–100, higher is faster; for `fast` and `balanced`. */
  speed: number;
  /** Difficulty tier for `auto`. */
  difficulty: "simple" | "medium" | "complex" | null;
  /** Names of sets of models that may stand in for each other at failover, or ids of models that may for this one. */
  equivalents: readonly string[];
  /** Listed in /v1/models. */
  listed: boolean;
  /** Unix seconds, for the models list. */
  created: number;
  firstTokenTimeoutMs: number | null;
  serviceTier: string | null;
  /** Further ids under which the provider knows this model (`gpt-5-2025-08-07`). */
  dated?: readonly string[];
  /** The same model id at other providers, in the order of the file: first choice when this provider fails. */
  alternates?: readonly Model[];
}

export interface Alias {
  name: string;
  to: string;
  serviceTier: string | null;
}

/** One immutable, checked configuration. A reload makes a new one; running calls keep theirs. */
export interface Catalog {
  /** Hash of the source text. */
  version: string;
  source: string;
  brand: Brand;
  billing: Billing;
  access: Access;
  routing: RoutingSettings;
  features: {
    /** Responses are stored and can be retrieved. */
    storage: boolean;
    docs: boolean;
    /** Name of the thread under which audit records are pushed to an account's own sink; null = not pushed. */
    auditThread?: string | null;
    /** Sinks for records may lie in private networks, and be plain http. */
    privateSinks?: boolean;
  };
  providers: ReadonlyMap<string, Provider>;
  models: ReadonlyMap<string, Model>;
  aliases: ReadonlyMap<string, Alias>;
  /** Warnings that did not stop the load. */
  warnings: readonly string[];
}

/** What a name in a request stands for. */
export type Resolution =
  | { kind: "model"; name: string; model: Model; serviceTier: string | null; viaAlias: string | null }
  | { kind: "word"; name: string; word: RoutingWord }
  | { kind: "unknown"; name: string; nearest: string[] };
