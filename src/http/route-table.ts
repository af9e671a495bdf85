import { GEMINI_ACTIONS, GEMINI_BASES, INFERENCE_ROUTES } from "./inference/served.ts";

/** One route as people see it: the help pages, the OpenAPI document, 405 answers and 404 hints are made from this list. */
export interface RouteDoc {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{model}` may hold slashes; other parameters are one segment. */
  path: string;
  summary: string;
  group: RouteGroup;
  /** `key`: an API key (or anonymous, where the catalog allows it); `admin`: the admin token. */
  auth: "key" | "admin" | "none";
  /** It is about what belongs to an account, so that nobody anonymous is served. */
  isOwned: boolean;
}

/** What the routes of a group ask for. */
const AUTH = { inference: "key", models: "key", account: "key", operation: "none", admin: "admin" } as const;

export type RouteGroup = keyof typeof AUTH;

type Row = readonly [method: RouteDoc["method"], path: string, summary: string];

const group = (name: RouteGroup, rows: readonly Row[]): RouteDoc[] =>
  rows.map(([method, path, summary]) => ({
    method,
    path,
    summary,
    group: name,
    auth: AUTH[name],
    isOwned: name === "account" || path.endsWith("/cap") || path.includes("/responses/{id}"),
  }));

/** Every route that is served. A test holds it against the routes of the app. */
export const ROUTES: readonly RouteDoc[] = [
  ...group("inference", [
    ...INFERENCE_ROUTES.flatMap(({ path, summary }): Row[] => [
      ["POST", `/v1${path}`, summary],
      ["POST", path, `${summary} (without the version)`],
    ]),
    ...GEMINI_BASES.flatMap((base) =>
      Object.entries(GEMINI_ACTIONS).map(([name, { summary }]): Row => ["POST", `${base}/{model}:${name}`, summary]),
    ),
    ...["/v1/responses", "/responses"].flatMap((base): Row[] => [
      ["GET", `${base}/{id}`, "A stored response"],
      ["DELETE", `${base}/{id}`, "Delete a stored response"],
      ["GET", `${base}/{id}/input_items`, "The input items of a stored response"],
    ]),
  ]),
  ...group("models", [
    ["GET", "/v1/models", "Models, aliases and routing words that this key may use, with prices"],
    ["GET", "/models", "The same without the version"],
    ["GET", "/v1beta/models", "The same in Gemini's shape"],
    ["GET", "/v1/models/{model}", "One model"],
    ["GET", "/models/{model}", "One model, without the version"],
    ["GET", "/v1beta/models/{model}", "One model in Gemini's shape"],
    ["GET", "/v1/capabilities", "Models, customer prices, tiers, limits and features, live"],
    ["GET", "/v1/models/{model}/cap", "The account's own cap per call for a model"],
    ["PUT", "/v1/models/{model}/cap", "Set the cap per call for a model"],
    ["DELETE", "/v1/models/{model}/cap", "Remove the cap per call for a model"],
  ]),
  ...group("account", [
    ["GET", "/v1/credits", "Balance and spend of this month"],
    ["GET", "/v1/keys", "Keys of the account"],
    ["POST", "/v1/keys", "Create a key; its plaintext is shown once"],
    ["GET", "/v1/keys/{id}", "One key"],
    ["PATCH", "/v1/keys/{id}", "Change a key"],
    ["DELETE", "/v1/keys/{id}", "Revoke a key at once"],
    ["POST", "/v1/keys/{id}/rotate", "Replace a key; the old one stops at once"],
    ["GET", "/v1/provider-keys", "Provider keys of the account's own"],
    ["POST", "/v1/provider-keys", "Bring a provider key: calls there are then paid with it"],
    ["DELETE", "/v1/provider-keys/{id}", "Forget a provider key at once"],
    ["GET", "/v1/usage", "Usage and spend by day, model or key"],
    ["GET", "/v1/audit", "One record per call: filters, pages, CSV and NDJSON"],
    ["GET", "/v1/audit-sink", "Where records are pushed"],
    ["PUT", "/v1/audit-sink", "Have records pushed, signed, as NDJSON; the secret is shown once"],
    ["DELETE", "/v1/audit-sink", "Have no records pushed any more"],
    ["GET", "/v1/receipts/{request_id}", "What a call cost, line by line"],
    ["GET", "/v1/invoices", "Issued invoices"],
    ["GET", "/v1/credit-notes/{number}", "A credit note to an issued invoice"],
    ["GET", "/v1/invoices/{month}", "The invoice of a month, as JSON or as a page to print"],
  ]),
  ...group("operation", [
    ["POST", "/webhooks/stripe", "Payments, told and signed by Stripe"],
    ["GET", "/health", "Whether calls can be served"],
    ["GET", "/ready", "Whether this process should get traffic"],
    ["GET", "/metrics", "Prometheus metrics"],
    ["GET", "/model-health", "Breaker state of every provider and model"],
    ["GET", "/help", "This help"],
    ["GET", "/v1/help", "This help"],
    ["GET", "/docs", "Interactive API documentation"],
    ["GET", "/openapi.json", "OpenAPI document"],
    ["GET", "/", "Dashboard"],
    ["GET", "/dashboard", "Dashboard"],
  ]),
  ...group("admin", [
    ["GET", "/admin/accounts", "Accounts"],
    ["POST", "/admin/accounts", "Create an account"],
    ["GET", "/admin/accounts/{id}", "One account"],
    ["PATCH", "/admin/accounts/{id}", "Change, disable or close an account"],
    ["GET", "/admin/accounts/{id}/keys", "Keys of an account"],
    ["POST", "/admin/accounts/{id}/keys", "Create a key for an account"],
    ["PATCH", "/admin/keys/{id}", "Change any key"],
    ["DELETE", "/admin/keys/{id}", "Revoke any key"],
    ["POST", "/admin/keys/{id}/rotate", "Replace any key"],
    ["GET", "/admin/accounts/{id}/credits", "Balance of an account"],
    ["POST", "/admin/accounts/{id}/credits", "Add credit, a grant, a refund or an adjustment"],
    ["GET", "/admin/accounts/{id}/provider-keys", "Provider keys of an account"],
    ["POST", "/admin/accounts/{id}/provider-keys", "Add a provider key to an account"],
    ["DELETE", "/admin/accounts/{id}/provider-keys/{key}", "Forget a provider key of an account"],
    ["POST", "/admin/provider-keys/rotate", "Seal customers' provider keys under the new secret"],
    ["GET", "/admin/accounts/{id}/subscription", "Subscription of an account"],
    ["PUT", "/admin/accounts/{id}/subscription", "Begin or change a subscription"],
    ["DELETE", "/admin/accounts/{id}/subscription", "End a subscription; no further period begins"],
    ["GET", "/admin/accounts/{id}/invoices/{month}", "The invoice of an account and month"],
    ["POST", "/admin/audit/prune", "Drop the calls of old months; the ledger's entries stay"],
    ["GET", "/admin/invoices", "Issued invoices, by account or month"],
    ["POST", "/admin/invoices", "Issue a month's invoices; each gets its number once"],
    ["GET", "/admin/invoices/{number}", "An issued invoice, as JSON or as a page to print"],
    ["POST", "/admin/invoices/{number}/credit-notes", "Lower an issued invoice"],
    ["POST", "/admin/invoices/{number}/payments", "Book that an invoice was paid, or part of it"],
    ["GET", "/admin/credit-notes/{number}", "A credit note, as JSON or as a page to print"],
    ["GET", "/admin/accounts/{id}/export", "Everything about an account, as NDJSON, without secrets"],
    ["POST", "/admin/accounts/{id}/erase", "Take what is about people out of an account, for good"],
    ["GET", "/admin/accounts/{id}/billing", "Whom an account's invoices are made out to"],
    ["PATCH", "/admin/accounts/{id}/billing", "Change whom invoices are made out to, and the tax rate"],
    ["GET", "/admin/books/margin", "What a month brought and cost, by model and account"],
    ["GET", "/admin/books/reconciliations", "The last reconciliation of each provider"],
    ["POST", "/admin/books/reconciliations", "Hold records against a provider's report of costs"],
    ["GET", "/admin/prices", "Price rows in force"],
    ["GET", "/admin/providers", "Providers and whether they have a credential"],
    ["GET", "/admin/usage", "Usage over all accounts"],
    ["GET", "/admin/audit", "Audit records of all accounts"],
    ["GET", "/admin/receipts/{request_id}", "The receipt of any call"],
    ["POST", "/admin/receipts/{request_id}/refund", "Give back a call's charge, or part of it"],
    ["POST", "/admin/reload", "Read the catalog anew"],
  ]),
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
