/** One route as people see it: the help pages, the OpenAPI document, 405 answers and 404 hints are made from this list. */
export interface RouteDoc {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{model}` may hold slashes; other parameters are one segment. */
  path: string;
  summary: string;
  group: RouteGroup;
  /** `key`: an API key (or anonymous, where the catalog allows it); `admin`: the admin token. */
  auth: "key" | "admin" | "none";
}
export type RouteGroup = "inference" | "models" | "account" | "operation" | "admin";

const inference = (path: string, summary: string): RouteDoc[] => [
  { method: "POST", path: `/v1${path}`, summary, group: "inference", auth: "key" },
  { method: "POST", path, summary: `${summary} (without the version)`, group: "inference", auth: "key" },
];

const GEMINI_METHODS: readonly (readonly [string, string])[] = [
  ["generateContent", "Gemini: an answer as JSON"],
  ["streamGenerateContent", "Gemini: a streamed answer, SSE with `alt=sse`, else one JSON array"],
  ["countTokens", "Gemini: input tokens of a request"],
  ["embedContent", "Gemini: one embedding"],
  ["batchEmbedContents", "Gemini: several embeddings"],
];

const gemini: RouteDoc[] = ["/v1beta/models", "/v1/models"].flatMap((base) =>
  GEMINI_METHODS.map(([method, summary]) => ({
    method: "POST" as const,
    path: `${base}/{model}:${method}`,
    summary,
    group: "inference" as const,
    auth: "key" as const,
  })),
);

const route = (
  method: RouteDoc["method"],
  path: string,
  group: RouteGroup,
  auth: RouteDoc["auth"],
  summary: string,
): RouteDoc => ({ method, path, summary, group, auth });

/** Every route that is served. A test holds it against the routes of the app. */
export const ROUTES: readonly RouteDoc[] = [
  ...inference("/chat/completions", "OpenAI Chat Completions"),
  ...inference("/responses", "OpenAI Responses"),
  ...inference("/responses/input_tokens", "OpenAI Responses: input tokens of a request"),
  ...inference("/messages", "Anthropic Messages"),
  ...inference("/messages/count_tokens", "Anthropic: input tokens of a request"),
  ...inference("/embeddings", "OpenAI Embeddings"),
  ...inference("/images/generations", "OpenAI image generation"),
  ...gemini,
  route("GET", "/v1/responses/{id}", "inference", "key", "A stored response"),
  route("DELETE", "/v1/responses/{id}", "inference", "key", "Delete a stored response"),
  route("GET", "/v1/responses/{id}/input_items", "inference", "key", "The input items of a stored response"),
  route("GET", "/v1/models", "models", "key", "Models, aliases and routing words that this key may use, with prices"),
  route("GET", "/models", "models", "key", "The same without the version"),
  route("GET", "/v1beta/models", "models", "key", "The same in Gemini's shape"),
  route("GET", "/v1/models/{model}", "models", "key", "One model"),
  route("GET", "/models/{model}", "models", "key", "One model, without the version"),
  route("GET", "/v1beta/models/{model}", "models", "key", "One model in Gemini's shape"),
  route("GET", "/v1/capabilities", "models", "key", "Models, customer prices, tiers, limits and features, live"),
  route("GET", "/v1/models/{model}/cap", "models", "key", "The account's own cap per call for a model"),
  route("PUT", "/v1/models/{model}/cap", "models", "key", "Set the cap per call for a model"),
  route("DELETE", "/v1/models/{model}/cap", "models", "key", "Remove the cap per call for a model"),
  route("GET", "/v1/credits", "account", "key", "Balance and spend of this month"),
  route("GET", "/v1/keys", "account", "key", "Keys of the account"),
  route("POST", "/v1/keys", "account", "key", "Create a key; its plaintext is shown once"),
  route("GET", "/v1/keys/{id}", "account", "key", "One key"),
  route("PATCH", "/v1/keys/{id}", "account", "key", "Change a key"),
  route("DELETE", "/v1/keys/{id}", "account", "key", "Revoke a key at once"),
  route("POST", "/v1/keys/{id}/rotate", "account", "key", "Replace a key; the old one stops at once"),
  route("GET", "/v1/provider-keys", "account", "key", "Provider keys of the account's own"),
  route("POST", "/v1/provider-keys", "account", "key", "Bring a provider key: calls there are then paid with it"),
  route("DELETE", "/v1/provider-keys/{id}", "account", "key", "Forget a provider key at once"),
  route("GET", "/v1/usage", "account", "key", "Usage and spend by day, model or key"),
  route("GET", "/v1/audit", "account", "key", "One record per call: filters, pages, CSV and NDJSON"),
  route("GET", "/v1/audit-sink", "account", "key", "Where records are pushed"),
  route("PUT", "/v1/audit-sink", "account", "key", "Have records pushed, signed, as NDJSON; the secret is shown once"),
  route("DELETE", "/v1/audit-sink", "account", "key", "Have no records pushed any more"),
  route("GET", "/v1/receipts/{request_id}", "account", "key", "What a call cost, line by line"),
  route("GET", "/v1/invoices", "account", "key", "Issued invoices"),
  route("GET", "/v1/credit-notes/{number}", "account", "key", "A credit note to an issued invoice"),
  route("GET", "/v1/invoices/{month}", "account", "key", "The invoice of a month, as JSON or as a page to print"),
  route("POST", "/webhooks/stripe", "operation", "none", "Payments, told and signed by Stripe"),
  route("GET", "/health", "operation", "none", "Whether calls can be served"),
  route("GET", "/ready", "operation", "none", "Whether this process should get traffic"),
  route("GET", "/metrics", "operation", "none", "Prometheus metrics"),
  route("GET", "/model-health", "operation", "none", "Breaker state of every provider and model"),
  route("GET", "/help", "operation", "none", "This help"),
  route("GET", "/v1/help", "operation", "none", "This help"),
  route("GET", "/docs", "operation", "none", "Interactive API documentation"),
  route("GET", "/openapi.json", "operation", "none", "OpenAPI document"),
  route("GET", "/", "operation", "none", "Dashboard"),
  route("GET", "/dashboard", "operation", "none", "Dashboard"),
  route("GET", "/admin/accounts", "admin", "admin", "Accounts"),
  route("POST", "/admin/accounts", "admin", "admin", "Create an account"),
  route("GET", "/admin/accounts/{id}", "admin", "admin", "One account"),
  route("PATCH", "/admin/accounts/{id}", "admin", "admin", "Change, disable or close an account"),
  route("GET", "/admin/accounts/{id}/keys", "admin", "admin", "Keys of an account"),
  route("POST", "/admin/accounts/{id}/keys", "admin", "admin", "Create a key for an account"),
  route("PATCH", "/admin/keys/{id}", "admin", "admin", "Change any key"),
  route("DELETE", "/admin/keys/{id}", "admin", "admin", "Revoke any key"),
  route("POST", "/admin/keys/{id}/rotate", "admin", "admin", "Replace any key"),
  route("GET", "/admin/accounts/{id}/credits", "admin", "admin", "Balance of an account"),
  route("POST", "/admin/accounts/{id}/credits", "admin", "admin", "Add credit, a grant, a refund or an adjustment"),
  route("GET", "/admin/accounts/{id}/provider-keys", "admin", "admin", "Provider keys of an account"),
  route("POST", "/admin/accounts/{id}/provider-keys", "admin", "admin", "Add a provider key to an account"),
  route("DELETE", "/admin/accounts/{id}/provider-keys/{key}", "admin", "admin", "Forget a provider key of an account"),
  route("POST", "/admin/provider-keys/rotate", "admin", "admin", "Seal customers' provider keys under the new secret"),
  route("GET", "/admin/accounts/{id}/subscription", "admin", "admin", "Subscription of an account"),
  route("PUT", "/admin/accounts/{id}/subscription", "admin", "admin", "Begin or change a subscription"),
  route(
    "DELETE",
    "/admin/accounts/{id}/subscription",
    "admin",
    "admin",
    "End a subscription; no further period begins",
  ),
  route("GET", "/admin/accounts/{id}/invoices/{month}", "admin", "admin", "The invoice of an account and month"),
  route("POST", "/admin/audit/prune", "admin", "admin", "Drop the calls of old months; the ledger's entries stay"),
  route("GET", "/admin/invoices", "admin", "admin", "Issued invoices, by account or month"),
  route("POST", "/admin/invoices", "admin", "admin", "Issue a month's invoices; each gets its number once"),
  route("GET", "/admin/invoices/{number}", "admin", "admin", "An issued invoice, as JSON or as a page to print"),
  route("POST", "/admin/invoices/{number}/credit-notes", "admin", "admin", "Lower an issued invoice"),
  route("POST", "/admin/invoices/{number}/payments", "admin", "admin", "Book that an invoice was paid, or part of it"),
  route("GET", "/admin/credit-notes/{number}", "admin", "admin", "A credit note, as JSON or as a page to print"),
  route(
    "GET",
    "/admin/accounts/{id}/export",
    "admin",
    "admin",
    "Everything about an account, as NDJSON, without secrets",
  ),
  route(
    "POST",
    "/admin/accounts/{id}/erase",
    "admin",
    "admin",
    "Take what is about people out of an account, for good",
  ),
  route("GET", "/admin/accounts/{id}/billing", "admin", "admin", "Whom an account's invoices are made out to"),
  route(
    "PATCH",
    "/admin/accounts/{id}/billing",
    "admin",
    "admin",
    "Change whom invoices are made out to, and the tax rate",
  ),
  route("GET", "/admin/books/margin", "admin", "admin", "What a month brought and cost, by model and account"),
  route("GET", "/admin/books/reconciliations", "admin", "admin", "The last reconciliation of each provider"),
  route("POST", "/admin/books/reconciliations", "admin", "admin", "Hold records against a provider's report of costs"),
  route("GET", "/admin/prices", "admin", "admin", "Price rows in force"),
  route("GET", "/admin/providers", "admin", "admin", "Providers and whether they have a credential"),
  route("GET", "/admin/usage", "admin", "admin", "Usage over all accounts"),
  route("GET", "/admin/audit", "admin", "admin", "Audit records of all accounts"),
  route("GET", "/admin/receipts/{request_id}", "admin", "admin", "The receipt of any call"),
  route("POST", "/admin/receipts/{request_id}/refund", "admin", "admin", "Give back a call's charge, or part of it"),
  route("POST", "/admin/reload", "admin", "admin", "Read the catalog anew"),
];

/** What OpenAI's API has and this gateway does not, so that the answer can say so. */
export const NOT_SERVED: readonly { prefix: string; name: string }[] = [
  { prefix: "/completions", name: "legacy completions" },
  { prefix: "/batches", name: "batches" },
  { prefix: "/files", name: "files" },
  { prefix: "/uploads", name: "uploads" },
  { prefix: "/audio", name: "audio" },
  { prefix: "/moderations", name: "moderations" },
  { prefix: "/realtime", name: "realtime" },
  { prefix: "/assistants", name: "assistants" },
  { prefix: "/threads", name: "threads" },
  { prefix: "/vector_stores", name: "vector stores" },
  { prefix: "/fine_tuning", name: "fine-tuning" },
  { prefix: "/images/edits", name: "image edits" },
  { prefix: "/images/variations", name: "image variations" },
  { prefix: "/messages/batches", name: "message batches" },
  { prefix: "/conversations", name: "conversations" },
];

const compiled = ROUTES.map((doc) => ({ doc, pattern: patternOf(doc.path) }));

function patternOf(path: string): RegExp {
  const source = path
    .split(/(\{[a-z_]+\})/)
    .map((piece) => (piece === "{model}" ? ".+" : piece.startsWith("{") ? "[^/]+" : piece.replace(/[.]/g, "\\.")))
    .join("");
  return new RegExp(`^${source}$`);
}

/** The routes that serve this path, whatever the method. */
export const routesAt = (path: string): RouteDoc[] =>
  compiled.filter(({ pattern }) => pattern.test(path)).map(({ doc }) => doc);

/** What is not served at this path, in words; null when the path is simply unknown. */
export function notServedAt(path: string): string | null {
  const bare = path.replace(/^\/v1(?=\/)/, "");
  const found = NOT_SERVED.find(({ prefix }) => bare === prefix || bare.startsWith(`${prefix}/`));
  return found?.name ?? null;
}
