import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";
import { CAPABILITIES } from "../ir/target.ts";
import { PROVIDER_KINDS } from "./types.ts";

/**
 * The catalog file. This one schema checks it (check.ts), types what comes out of the check, and is written out as
 * docs/catalog.schema.json for editors. Unknown keys are refused everywhere.
 */
const closed = <T extends TProperties>(properties: T, description?: string): TObject<T> =>
  Type.Object(properties, { additionalProperties: false, ...(description === undefined ? {} : { description }) });

const oneOf = <const T extends string>(values: readonly T[], description?: string) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], ...(description === undefined ? {} : { description }) });

/** A decimal that is read from its source text, never through a binary float. Comes out of the check as that text. */
const amount = (description: string, maximum = 1_000_000) =>
  Type.Unsafe<string>({ type: ["number", "string"], format: "amount", minimum: 0, maximum, description });

const positive = (description: string, maximum = 1_000_000_000) => Type.Integer({ minimum: 1, maximum, description });
const count = (description: string, maximum = 1_000_000_000) => Type.Integer({ minimum: 0, maximum, description });
const milliseconds = (description: string) => positive(`${description}, ms`, 86_400_000);
const text = (description: string) => Type.String({ minLength: 1, description });
const list = (description: string) => Type.Array(Type.String({ minLength: 1 }), { description });
const score = (description: string) => Type.Integer({ minimum: 0, maximum: 100, description });
const flag = (description: string) => Type.Boolean({ description });

const limitFields = {
  requests_per_minute: Type.Optional(count("Calls per minute; 0 = no limit")),
  messages_per_day: Type.Optional(count("Inference calls per day; 0 = no limit")),
};
const Limits = closed(limitFields);

const Brand = closed({
  name: Type.Optional(text("Product name, as people read it")),
  header_prefix: Type.Optional(Type.String({ pattern: "^[A-Za-z][A-Za-z0-9-]*$", description: "X-Tollgate" })),
  extension: Type.Optional(Type.String({ pattern: "^[a-z][a-z0-9_]*$", description: "Extension block of answers" })),
  key_prefix: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$", description: "Prefix of API keys" })),
});

const Plan = closed({
  included_credit: amount("Credit that each period begins with"),
  overage: Type.Optional(oneOf(["metered", "stop"], "Beyond the credit: to the invoice, or refused")),
  credit_limit: Type.Optional(amount("Most that may stand on the invoice", 1_000_000_000)),
});

const PaymentFee = closed(
  {
    percent: Type.Optional(amount("Percent of each payment", 100)),
    fixed: Type.Optional(amount("Fixed part per payment, ledger currency")),
  },
  "What the payment provider keeps, for the margin report",
);

const Alerts = closed({
  url: text("https address that is told of low balances"),
  secret: text("Signs what is told, by ${ENV}"),
});

const Invoice = closed({
  seller: Type.Optional(text("Name and address of who sells, as invoices show it")),
  seller_tax_id: Type.Optional(text("Tax number of who sells")),
  prefix: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9-]{0,20}$", description: "Before invoice numbers" })),
  credit_note_prefix: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9-]{0,20}$", description: "… of credit notes" })),
  tax_name: Type.Optional(text("Name of the tax: VAT, SST")),
  tax_percent: Type.Optional(amount("Rate, where the account has none of its own", 100)),
  tax_included: Type.Optional(flag("Prices contain the tax")),
});

const Billing = closed({
  currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$", description: "Ledger currency, ISO 4217" })),
  fx: Type.Optional(Type.Record(Type.String(), amount("Units of this currency per 1 USD"))),
  fx_date: Type.Optional(text("Day of the rates, ISO 8601")),
  fx_source: Type.Optional(text("Where the rates were read")),
  markup_percent: Type.Optional(amount("Percent on the provider's price; LLM_MARKUP_PERCENT overrides it", 100_000)),
  on_upstream_failure: Type.Optional(oneOf(["delivered", "free"])),
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
  plans: Type.Optional(Type.Record(Type.String(), Plan)),
  alerts: Type.Optional(Alerts),
  payment_fee: Type.Optional(PaymentFee),
  invoice: Type.Optional(Invoice),
});

const Tier = closed({
  models: Type.Optional(list("Globs over model ids; none = all")),
  limits: Type.Optional(Limits),
  charge: Type.Optional(oneOf(["wallet", "subscription", "metered", "free"])),
  bearers: Type.Optional(Type.Array(oneOf(["instance", "user", "self-host", "jwt", "anonymous"]))),
});

const Access = closed({
  auth: Type.Optional(oneOf(["required", "optional"])),
  limits: Type.Optional(Limits),
  anonymous: Type.Optional(
    closed({
      tier: Type.Optional(text("Tier of anonymous callers")),
      models: Type.Optional(list("Globs over model ids; none = all")),
      limits: Type.Optional(Limits),
      ...limitFields,
    }),
  ),
  tiers: Type.Optional(Type.Record(Type.String(), Tier)),
  default_tier: Type.Optional(text("Tier of accounts that have none of their own")),
  cors_origins: Type.Optional(list("Origins that browsers may call from; * = any")),
  trusted_proxies: Type.Optional(list("Addresses whose X-Forwarded-For is believed")),
  jwt: Type.Optional(
    closed({
      algorithms: Type.Optional(
        Type.Array(oneOf(["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]), {
          minItems: 1,
        }),
      ),
      secret: Type.Optional(Type.String({ description: "HMAC secret, by ${ENV}" })),
      jwks_file: Type.Optional(Type.String()),
      jwks_url: Type.Optional(Type.String()),
      issuer: Type.Optional(Type.String()),
      audience: Type.Optional(Type.String()),
      account_claim: Type.Optional(text("Claim that names the account; default sub")),
      tier_claim: Type.Optional(text("Claim that names the tier")),
    }),
  ),
  error_style: Type.Optional(oneOf(["default", "wallet", "managed"])),
});

const Word = closed({
  strategy: oneOf(["fast", "balanced", "quality", "cost", "auto"]),
  service_tier: Type.Optional(text("Serve with this tier and its price modifier")),
  models: Type.Optional(list("Candidates, best first; none = all suitable models")),
  tiers: Type.Optional(
    closed({ simple: Type.Optional(list("")), medium: Type.Optional(list("")), complex: Type.Optional(list("")) }),
  ),
});

const Routing = closed({
  retries: Type.Optional(count("Attempts after the first", 10)),
  backoff_min_ms: Type.Optional(count("Least pause before a retry, ms")),
  backoff_max_ms: Type.Optional(count("Longest pause before a retry, ms")),
  deadline_ms: Type.Optional(milliseconds("All attempts together, until content")),
  connect_timeout_ms: Type.Optional(milliseconds("Until response headers")),
  first_token_timeout_ms: Type.Optional(milliseconds("Until the first content")),
  idle_timeout_ms: Type.Optional(milliseconds("Between two data frames")),
  total_timeout_ms: Type.Optional(milliseconds("The whole answer")),
  commit_after_ms: Type.Optional(milliseconds("A silent stream is committed with keep-alives")),
  keep_alive_ms: Type.Optional(milliseconds("Between two keep-alives")),
  breaker: Type.Optional(
    closed({
      enabled: Type.Optional(Type.Boolean()),
      consecutive_failures: Type.Optional(positive("Opens at so many in a row", 1000)),
      failure_rate: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: "Opens at this share" })),
      minimum_calls: Type.Optional(positive("The share counts from so many calls", 100_000)),
      window_ms: Type.Optional(milliseconds("Window of the share")),
      open_ms: Type.Optional(milliseconds("First pause; grows with each opening")),
      max_open_ms: Type.Optional(milliseconds("Longest pause")),
    }),
  ),
  words: Type.Optional(Type.Record(Type.String(), Word)),
  default_model: Type.Optional(text("Model or word when the request names none")),
});

const Compat = closed({
  max_tokens_field: Type.Optional(oneOf(["max_tokens", "max_completion_tokens"])),
  system_role: Type.Optional(oneOf(["system", "developer"])),
  stream_usage: Type.Optional(Type.Boolean()),
  reasoning_request: Type.Optional(oneOf(["reasoning_effort", "reasoning", "thinking", "enable_thinking", "none"])),
  reasoning_field: Type.Optional(oneOf(["reasoning_content", "reasoning", "none"], "none = never sent back")),
  think_tags: Type.Optional(Type.Boolean()),
  reasoning_outside_output: Type.Optional(Type.Boolean()),
  short_tool_ids: Type.Optional(Type.Boolean()),
  json_schema: Type.Optional(Type.Boolean()),
  strict_tools: Type.Optional(Type.Boolean()),
  parallel_tool_calls: Type.Optional(Type.Boolean()),
  tool_choice_any: Type.Optional(Type.Boolean()),
  seed_field: Type.Optional(oneOf(["seed", "random_seed"])),
  string_content: Type.Optional(Type.Boolean()),
  refuses: Type.Optional(list("Request fields that this server refuses")),
  query: Type.Optional(Type.Record(Type.String(), Type.String())),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  auth_header: Type.Optional(text("Header that carries the key")),
  auth_prefix: Type.Optional(Type.String({ description: "What stands before the key, such as `Bearer `" })),
  path: Type.Optional(text("Path below base_url; {model} is replaced")),
});

const Provider = closed({
  kind: oneOf(PROVIDER_KINDS, "Wire format and way of authentication"),
  base_url: Type.Optional(Type.String({ description: "http(s) address that paths are appended to" })),
  api_key: Type.Optional(Type.String({ description: "By ${ENV}; left out = the server wants none" })),
  realm: Type.Optional(text("Organisation that mints seals and files")),
  compat: Type.Optional(Compat),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  enabled: Type.Optional(Type.Boolean()),
});

const tokenPrices = {
  input: Type.Optional(amount("Input that was in no cache")),
  cached_input: Type.Optional(amount("Input read from the provider's cache; default: input")),
  cache_write: Type.Optional(
    Type.Union([
      amount("Input written to the cache, every TTL"),
      closed({
        "5m": Type.Optional(amount("Kept for 5 minutes")),
        "30m": Type.Optional(amount("Kept for 30 minutes")),
        "1h": Type.Optional(amount("Kept for an hour")),
      }),
    ]),
  ),
  output: Type.Optional(amount("Output without reasoning")),
  reasoning: Type.Optional(amount("Reasoning; default: output")),
  input_audio: Type.Optional(amount("Audio in; default: input")),
  input_image: Type.Optional(amount("Images in; default: input")),
  input_video: Type.Optional(amount("Video in; default: input")),
  cached_input_audio: Type.Optional(amount("Audio in, cached")),
  cached_input_image: Type.Optional(amount("Images in, cached")),
  cached_input_video: Type.Optional(amount("Video in, cached")),
  output_audio: Type.Optional(amount("Audio out; default: output")),
  output_image: Type.Optional(amount("Images out; default: output")),
  output_video: Type.Optional(amount("Video out; default: output")),
};

const Price = closed(
  {
    from: Type.Optional(text("First day (ISO 8601) at which the row applies")),
    ...tokenPrices,
    long_context: Type.Optional(
      Type.Array(
        closed({ above: positive("Total input tokens above which the whole call is repriced"), ...tokenPrices }),
      ),
    ),
    modifiers: Type.Optional(Type.Record(Type.String(), amount("Factor on all token prices", 1000))),
    tool_fees: Type.Optional(
      Type.Record(Type.String(), closed({ usd: amount("USD"), per: Type.Optional(positive("… for so many uses")) })),
    ),
    per_image: Type.Optional(
      Type.Union([amount("USD per image"), Type.Record(Type.String(), amount("USD per image of this size"))]),
    ),
    per_call: Type.Optional(amount("USD per call")),
  },
  "USD per 1M tokens",
);

const Model = closed({
  id: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$", description: "What clients ask for" }),
  provider: Type.Union([
    text("Name of a provider of this file"),
    Type.Array(text("Name of a provider of this file"), {
      minItems: 1,
      description: "The same row at several providers, the first preferred",
    }),
  ]),
  upstream: Type.Optional(text("The provider's own id; default: id")),
  name: Type.Optional(text("Name for people")),
  context: Type.Optional(count("Context window, tokens")),
  max_output: Type.Optional(positive("Most output tokens")),
  default_output_cap: Type.Optional(positive("Output cap when the client sets none")),
  capabilities: Type.Optional(Type.Array(oneOf(CAPABILITIES))),
  sampling: Type.Optional(flag("false: temperature, top_p and top_k are refused")),
  thinking: Type.Optional(oneOf(["adaptive", "budget"])),
  prefill: Type.Optional(flag("false: a trailing assistant turn is refused")),
  max_tokens_field: Type.Optional(oneOf(["max_tokens", "max_completion_tokens"])),
  price: Type.Optional(Type.Union([Type.Unsafe<"free">({ type: "string", enum: ["free"] }), Price])),
  prices: Type.Optional(Type.Array(Price, { minItems: 1, description: "Dated rows" })),
  call_cap: Type.Optional(amount("Most that one call may cost, ledger currency")),
  markup_percent: Type.Optional(amount("Instead of the billing one", 100_000)),
  quality: Type.Optional(score("For the words quality and balanced")),
  speed: Type.Optional(score("For the words fast and balanced")),
  difficulty: Type.Optional(oneOf(["simple", "medium", "complex"], "Tier of the word auto")),
  equivalents: Type.Optional(
    list(
      "Names of sets of models that may stand in for each other, or ids of models that stand in for this one, at other providers",
    ),
  ),
  dated: Type.Optional(list("Further ids of the same model")),
  listed: Type.Optional(flag("false: not in the models list")),
  created: Type.Optional(text("Release day, ISO 8601")),
  first_token_timeout_ms: Type.Optional(milliseconds("Instead of the routing one")),
  service_tier: Type.Optional(text("Service tier that this row asks the provider for")),
});

const Alias = closed({
  to: text("Model, alias or routing word"),
  service_tier: Type.Optional(text("Service tier to ask for")),
});

const Features = closed({
  storage: Type.Optional(flag("Keep responses so that they can be retrieved")),
  docs: Type.Optional(flag("Serve /docs")),
  private_sinks: Type.Optional(flag("Sinks for audit records may lie in private networks, and be plain http")),
  audit_thread: Type.Optional(text("Thread name under which audit records are pushed")),
});

export const CatalogSchema = closed({
  brand: Type.Optional(Brand),
  billing: Type.Optional(Billing),
  access: Type.Optional(Access),
  routing: Type.Optional(Routing),
  features: Type.Optional(Features),
  providers: Type.Record(Type.String(), Provider),
  models: Type.Array(Model, { minItems: 1 }),
  aliases: Type.Optional(Type.Record(Type.String(), Type.Union([text("Model, alias or routing word"), Alias]))),
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
