import { Type } from "@sinclair/typebox";
import { CAPABILITIES } from "../ir/target.ts";
import {
  amount,
  byName,
  closed,
  count,
  flag,
  list,
  milliseconds,
  oneOf,
  positive,
  score,
  text,
  texts,
} from "./schema-fields.ts";
import { PROVIDER_KINDS } from "./types.ts";

/** Schema of providers, models and their prices. */

const Compat = closed(
  {
    max_tokens_field: Type.Optional(oneOf(["max_tokens", "max_completion_tokens"], "Field of the output cap")),
    system_role: Type.Optional(oneOf(["system", "developer"], "Role of leading instructions")),
    stream_usage: Type.Optional(flag("Knows stream_options.include_usage")),
    reasoning_request: Type.Optional(
      oneOf(["reasoning_effort", "reasoning", "thinking", "enable_thinking", "none"], "How reasoning is asked for"),
    ),
    reasoning_field: Type.Optional(
      oneOf(["reasoning_content", "reasoning", "none"], "Where earlier reasoning is sent back; none = never"),
    ),
    think_tags: Type.Optional(flag("`<think>…</think>` at the start of the content is reasoning")),
    reasoning_outside_output: Type.Optional(flag("completion_tokens leaves reasoning out (xAI)")),
    short_tool_ids: Type.Optional(flag("Ids of calls must be nine letters and digits (Mistral)")),
    json_schema: Type.Optional(flag("Holds answers to a schema")),
    strict_tools: Type.Optional(flag("Knows strict functions")),
    parallel_tool_calls: Type.Optional(flag("Knows parallel_tool_calls")),
    custom_tools: Type.Optional(
      flag("Takes OpenAI's free-form tools; default: only from clients that wrote them for it, others go as functions"),
    ),
    tool_choice_any: Type.Optional(flag("tool_choice required is spelled any (Mistral)")),
    seed_field: Type.Optional(oneOf(["seed", "random_seed"], "Field of the seed")),
    string_content: Type.Optional(flag("Content of assistant and tool messages must be a string")),
    refuses: Type.Optional(list("Request fields that this server refuses")),
    query: Type.Optional(texts("Query parameters of every call")),
    headers: Type.Optional(texts("Headers of every call")),
    auth_header: Type.Optional(text("Header that carries the key")),
    auth_prefix: Type.Optional(Type.String({ description: "What stands before the key, such as `Bearer `" })),
    path: Type.Optional(text("Path below base_url; {model} is replaced")),
  },
  "What a compatible server does otherwise",
);

export const Provider = closed({
  kind: oneOf(PROVIDER_KINDS, "Wire format and way of authentication"),
  base_url: Type.Optional(Type.String({ description: "http(s) address that paths are appended to" })),
  api_key: Type.Optional(Type.String({ description: "By ${ENV}; left out = the server wants none" })),
  realm: Type.Optional(text("Organisation that mints seals and files; default: that of the kind, else NAME")),
  compat: Type.Optional(Compat),
  headers: Type.Optional(texts("Headers of every call, none of them a credential")),
  enabled: Type.Optional(flag("false: it is not called; default: true")),
});

const tokenPrices = {
  input: Type.Optional(amount("Input that was in no cache")),
  cached_input: Type.Optional(amount("Input read from the provider's cache; default: input")),
  cache_write: Type.Optional(
    Type.Union(
      [
        amount("Input written to the cache, every TTL"),
        closed({
          "5m": Type.Optional(amount("Kept for 5 minutes")),
          "30m": Type.Optional(amount("Kept for 30 minutes")),
          "1h": Type.Optional(amount("Kept for an hour")),
        }),
      ],
      { description: "Input written to the cache: one amount, or by how long it is kept" },
    ),
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

export const Price = closed(
  {
    from: Type.Optional(text("First day (ISO 8601) at which the row applies")),
    ...tokenPrices,
    long_context: Type.Optional(
      Type.Array(
        closed({ above: positive("Total input tokens above which the whole call is repriced"), ...tokenPrices }),
        { description: "`above` (total input tokens) and prices, by which the whole call is priced from there on" },
      ),
    ),
    modifiers: Type.Optional(
      byName(
        amount("Factor on all token prices", 1000),
        "Factors on all token prices, by variant: flex, priority, fast …",
      ),
    ),
    tool_fees: Type.Optional(
      byName(
        closed({ usd: amount("USD"), per: Type.Optional(positive("… for so many uses")) }),
        "Fees of the provider's tools, by their names",
      ),
    ),
    per_image: Type.Optional(
      Type.Union([amount("USD per image"), Type.Record(Type.String(), amount("USD per image of this size"))], {
        description: "USD per image: one amount, or by size with `default`",
      }),
    ),
    per_call: Type.Optional(amount("USD per call")),
  },
  "USD per 1M tokens",
);

export const Model = closed({
  id: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$", description: "What clients ask for" }),
  provider: Type.Union(
    [
      text("Name of a provider of this file"),
      Type.Array(text("Name of a provider of this file"), {
        minItems: 1,
        description: "The same row at several providers, the first preferred",
      }),
    ],
    { description: "Provider of this file, or several, the first preferred" },
  ),
  upstream: Type.Optional(text("The provider's own id; default: id")),
  name: Type.Optional(text("Name for people")),
  context: Type.Optional(count("Context window, tokens; default: 128000")),
  max_output: Type.Optional(positive("Most output tokens")),
  default_output_cap: Type.Optional(positive("Output cap when the client sets none")),
  capabilities: Type.Optional(
    Type.Array(oneOf(CAPABILITIES), { description: "What it can be asked for; none told = everything" }),
  ),
  sampling: Type.Optional(flag("false: temperature, top_p and top_k are refused")),
  thinking: Type.Optional(oneOf(["adaptive", "budget"], "How thinking is asked for: by effort alone, or by budget")),
  prefill: Type.Optional(flag("false: a trailing assistant turn is refused")),
  max_tokens_field: Type.Optional(oneOf(["max_tokens", "max_completion_tokens"], "Instead of the provider's")),
  price: Type.Optional(
    Type.Union([Type.Unsafe<"free">({ type: "string", enum: ["free"] }), Price], {
      description: "USD per 1M tokens, or free",
    }),
  ),
  prices: Type.Optional(
    Type.Array(Price, { minItems: 1, description: "Rows as under price, each with the day from which it applies" }),
  ),
  call_cap: Type.Optional(amount("Most that one call may cost, ledger currency")),
  markup_percent: Type.Optional(amount("Instead of the billing one", 100_000)),
  quality: Type.Optional(score("For the words quality and balanced; default: 50")),
  speed: Type.Optional(score("For the words fast and balanced; default: 50")),
  difficulty: Type.Optional(oneOf(["simple", "medium", "complex"], "Tier of the word auto")),
  equivalents: Type.Optional(
    list(
      "Names of sets of models that may stand in for each other, or ids of models that stand in for this one, at other providers",
    ),
  ),
  dated: Type.Optional(list("Further ids of the same model")),
  listed: Type.Optional(flag("false: not in the models list; default: true")),
  created: Type.Optional(text("Release day, ISO 8601")),
  first_token_timeout_ms: Type.Optional(milliseconds("Instead of the routing one")),
  service_tier: Type.Optional(text("Service tier that this row asks the provider for")),
});

export const Alias = closed({
  to: text("Model, alias or routing word"),
  service_tier: Type.Optional(text("Service tier to ask for")),
});
