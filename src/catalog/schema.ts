import { type Static, Type } from "@sinclair/typebox";
import { amount, byName, closed, count, flag, list, milliseconds, oneOf, positive, text } from "./schema-fields.ts";
import { Alias, Model, type Price, Provider } from "./schema-models.ts";

const limitFields = {
  requests_per_minute: Type.Optional(count("Calls per minute; 0 = no limit")),
  messages_per_day: Type.Optional(count("Inference calls per day; 0 = no limit")),
};
const Limits = closed(limitFields, "Most calls; what is left out is as access.limits has it");

const Brand = closed(
  {
    name: Type.Optional(text("Product name, as people read it")),
    header_prefix: Type.Optional(
      Type.String({ pattern: "^[A-Za-z][A-Za-z0-9-]*$", description: "What its headers begin with" }),
    ),
    extension: Type.Optional(Type.String({ pattern: "^[a-z][a-z0-9_]*$", description: "Extension block of answers" })),
    key_prefix: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$", description: "Prefix of API keys" })),
  },
  "The product's name, and what is derived from it",
);

const Plan = closed({
  included_credit: amount("Credit that each period begins with"),
  overage: Type.Optional(oneOf(["metered", "stop"], "Beyond the credit: to the invoice, or refused; default: metered")),
  credit_limit: Type.Optional(amount("Most that may stand on the invoice", 1_000_000_000)),
});

const PaymentFee = closed(
  {
    percent: Type.Optional(amount("Percent of each payment", 100)),
    fixed: Type.Optional(amount("Fixed part per payment, ledger currency")),
  },
  "What the payment provider keeps, for the margin report",
);

const Alerts = closed(
  {
    url: text("https address that is told of low balances"),
    secret: text("Signs what is told, by ${ENV}"),
  },
  "Who is told of low balances",
);

const Invoice = closed(
  {
    seller: Type.Optional(text("Name and address of who sells, as invoices show it")),
    seller_tax_id: Type.Optional(text("Tax number of who sells")),
    prefix: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9-]{0,20}$", description: "Before invoice numbers" })),
    credit_note_prefix: Type.Optional(
      Type.String({ pattern: "^[A-Za-z0-9-]{0,20}$", description: "… of credit notes" }),
    ),
    tax_name: Type.Optional(text("Name of the tax: VAT, SST")),
    tax_percent: Type.Optional(amount("Rate, where the account has none of its own", 100)),
    tax_included: Type.Optional(flag("Prices contain the tax")),
  },
  "Seller, numbers and tax of issued invoices",
);

const Billing = closed(
  {
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$", description: "Ledger currency, ISO 4217" })),
    fx: Type.Optional(byName(amount("Units of this currency per 1 USD"), "Rates, by currency: units per 1 USD")),
    fx_date: Type.Optional(text("Day of the rates, ISO 8601")),
    fx_source: Type.Optional(text("Where the rates were read")),
    markup_percent: Type.Optional(amount("Percent on the provider's price; LLM_MARKUP_PERCENT overrides it", 100_000)),
    on_upstream_failure: Type.Optional(
      oneOf(["delivered", "free"], "A provider fails in mid-stream: what was delivered is charged, or nothing"),
    ),
    annotate: Type.Optional(flag("Add cost and the extension block to answers")),
    timezone: Type.Optional(text("IANA zone of calendar months")),
    default_output_cap: Type.Optional(positive("Output tokens held for when nobody sets a cap")),
    disconnect_allowance: Type.Optional(amount("Free early disconnects per key and day, ledger currency")),
    byok_fee: Type.Optional(amount("Fee per call on an own provider key, ledger currency")),
    unpriced: Type.Optional(oneOf(["refuse", "free"], "Models without a price")),
    refusal_code: Type.Optional(
      oneOf(
        ["insufficient_credits", "monthly_cap_reached", "payment_required", "quota_exceeded"],
        "402 of an empty wallet",
      ),
    ),
    plans: Type.Optional(byName(Plan, "What accounts can subscribe to, by name")),
    alerts: Type.Optional(Alerts),
    payment_fee: Type.Optional(PaymentFee),
    invoice: Type.Optional(Invoice),
  },
  "Money: currency, markup, and what is charged when",
);

const Tier = closed({
  models: Type.Optional(list("Globs over model ids; none = all")),
  limits: Type.Optional(Limits),
  charge: Type.Optional(
    oneOf(["wallet", "subscription", "metered", "free"], "What calls are charged to; default: wallet"),
  ),
  bearers: Type.Optional(
    Type.Array(oneOf(["instance", "user", "self-host", "jwt", "anonymous"]), {
      description: "Kinds of keys and callers that belong to it; default: all but anonymous",
    }),
  ),
});

const Access = closed(
  {
    auth: Type.Optional(oneOf(["required", "optional"], "optional: callers without a credential are served, too")),
    limits: Type.Optional(Limits),
    anonymous: Type.Optional(
      closed(
        {
          tier: Type.Optional(text("Tier of anonymous callers")),
          models: Type.Optional(list("Globs over model ids; none = all")),
          limits: Type.Optional(Limits),
          ...limitFields,
        },
        "Callers without a credential, counted by address; left out: 5 calls a minute, 100 a day",
      ),
    ),
    tiers: Type.Optional(byName(Tier, "What groups of callers may use and pay, by name")),
    default_tier: Type.Optional(text("Tier of accounts that have none of their own")),
    cors_origins: Type.Optional(list("Origins that browsers may call from; * = any")),
    trusted_proxies: Type.Optional(list("Addresses whose X-Forwarded-For is believed")),
    jwt: Type.Optional(
      closed(
        {
          algorithms: Type.Optional(
            Type.Array(
              oneOf(["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]),
              {
                minItems: 1,
                description: "Those that are accepted; default: HS256, RS256, ES256, EdDSA, as far as there are keys",
              },
            ),
          ),
          secret: Type.Optional(Type.String({ description: "HMAC secret, by ${ENV}" })),
          jwks_file: Type.Optional(Type.String({ description: "File with the public keys, JWK set" })),
          jwks_url: Type.Optional(Type.String({ description: "Address of the public keys, JWK set" })),
          issuer: Type.Optional(Type.String({ description: "What `iss` must be" })),
          audience: Type.Optional(Type.String({ description: "What `aud` must hold" })),
          account_claim: Type.Optional(text("Claim that names the account; default sub")),
          tier_claim: Type.Optional(text("Claim that names the tier")),
        },
        "Signed tokens as credentials",
      ),
    ),
    error_style: Type.Optional(oneOf(["default", "wallet", "managed"], "Look of some errors (docs/errors.md)")),
  },
  "Who may call, under which limits",
);

const Word = closed({
  strategy: oneOf(["fast", "balanced", "quality", "cost", "auto"], "How it chooses"),
  service_tier: Type.Optional(text("Serve with this tier and its price modifier")),
  models: Type.Optional(list("Candidates, best first; none = all suitable models")),
  tiers: Type.Optional(
    closed(
      {
        simple: Type.Optional(list("Candidates for simple requests")),
        medium: Type.Optional(list("Candidates for medium requests")),
        complex: Type.Optional(list("Candidates for complex requests")),
      },
      "For the strategy auto: candidates by difficulty",
    ),
  ),
});

const Routing = closed(
  {
    retries: Type.Optional(count("Attempts after the first", 10)),
    backoff_min_ms: Type.Optional(count("Least pause before a retry, ms")),
    backoff_max_ms: Type.Optional(count("Longest pause before a retry, ms")),
    deadline_ms: Type.Optional(milliseconds("All attempts together, until content")),
    connect_timeout_ms: Type.Optional(milliseconds("Until response headers")),
    first_token_timeout_ms: Type.Optional(milliseconds("Until the first content")),
    idle_timeout_ms: Type.Optional(milliseconds("Between two data frames")),
    total_timeout_ms: Type.Optional(milliseconds("The whole answer")),
    commit_after_ms: Type.Optional(milliseconds("A silent stream is committed with keep-alives")),
    // Below the time after which a silent connection is closed (serve.ts).
    keep_alive_ms: Type.Optional(positive("Between two keep-alives, ms", 200_000)),
    breaker: Type.Optional(
      closed(
        {
          enabled: Type.Optional(flag("false: a provider that fails is asked all the same")),
          consecutive_failures: Type.Optional(positive("Opens at so many in a row", 1000)),
          failure_rate: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: "Opens at this share" })),
          minimum_calls: Type.Optional(positive("The share counts from so many calls", 100_000)),
          window_ms: Type.Optional(milliseconds("Window of the share")),
          open_ms: Type.Optional(milliseconds("First pause; grows with each opening")),
          max_open_ms: Type.Optional(milliseconds("Longest pause")),
        },
        "Keeps calls away from a provider's model that fails",
      ),
    ),
    words: Type.Optional(byName(Word, "Routing words beside the built-in ones, or in their place")),
    default_model: Type.Optional(text("Model or word when the request names none")),
  },
  "Times, retries, breakers and routing words",
);

const Features = closed(
  {
    storage: Type.Optional(flag("Keep responses so that they can be retrieved")),
    docs: Type.Optional(flag("Serve /docs")),
    private_sinks: Type.Optional(flag("Sinks for audit records may lie in private networks, and be plain http")),
    audit_thread: Type.Optional(text("Thread name under which audit records are pushed")),
  },
  "What can be turned on",
);

/**
 * The catalog file. This one schema checks it (check.ts), types what comes out of the check, and is written out as
 * docs/catalog.schema.json for editors. Unknown keys are refused everywhere.
 */
export const CatalogSchema = closed({
  brand: Type.Optional(Brand),
  billing: Type.Optional(Billing),
  access: Type.Optional(Access),
  routing: Type.Optional(Routing),
  features: Type.Optional(Features),
  providers: byName(Provider, "Where calls go, by name"),
  models: Type.Array(Model, { minItems: 1, description: "What is served, at which price" }),
  aliases: Type.Optional(
    byName(Type.Union([text("Model, alias or routing word"), Alias]), "Other names, and what they stand for"),
  ),
});

export type RawCatalog = Static<typeof CatalogSchema>;
export type RawPrice = Static<typeof Price>;
export type RawModel = Static<typeof Model>;
export type RawProvider = Static<typeof Provider>;
export type RawLimits = Static<typeof Limits>;

/** The JSON Schema (draft 2020-12) that editors use; text of docs/catalog.schema.json. */
export function editorSchema(): string {
  const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Catalog", ...CatalogSchema };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
