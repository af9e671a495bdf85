import type { JsonObject } from "../../lib/json.ts";
import type { RouteDoc } from "../route-table.ts";

type Query = readonly (readonly [name: string, schema: JsonObject])[];

const text: JsonObject = { type: "string" };
const time = (description: string): JsonObject => ({ type: "string", format: "date-time", description });
const filters: Query = [
  ["from", time("calls at or after this time; a date alone is its midnight in UTC")],
  ["to", time("calls before this time; a date alone is its midnight in UTC")],
  ["key_id", text],
  ["model", text],
  ["provider", text],
];

const INPUT_ITEMS: Query = [
  ["order", { type: "string", enum: ["asc", "desc"], default: "desc" }],
  ["limit", { type: "integer", minimum: 1, maximum: 100, default: 20 }],
  ["after", text],
];

/** Query parameters by path. */
const QUERIES: Readonly<Record<string, Query>> = {
  "/v1/audit": [
    ...filters,
    ["status", { type: "integer", minimum: 100, maximum: 599 }],
    ["stream_state", text],
    ["request_id", text],
    ["thread", text],
    ["cursor", text],
    ["limit", { type: "integer", minimum: 1, maximum: 1000, default: 100 }],
    ["format", { type: "string", enum: ["json", "csv", "ndjson"] }],
  ],
  "/v1/usage": [...filters, ["group_by", { type: "string", description: "day, model, key; separated by commas" }]],
  "/admin/invoices": [
    ["month", { type: "string", examples: ["2026-10"] }],
    ["account_id", text],
  ],
  "/admin/books/margin": [["month", { type: "string", examples: ["2026-11"] }]],
  "/v1/credits": [["details", { type: "boolean", default: false }]],
  "/v1/models": [
    ["limit", { type: "integer", minimum: 1, maximum: 1000, default: 20, description: "of Anthropic's shape" }],
    ["after_id", text],
    ["before_id", text],
  ],
  "/v1beta/models": [
    ["pageSize", { type: "integer", minimum: 1, maximum: 1000, default: 50 }],
    ["pageToken", text],
  ],
  "/v1/responses/{id}/input_items": INPUT_ITEMS,
  "/responses/{id}/input_items": INPUT_ITEMS,
};
const STREAM_FORM: Query = [["alt", { type: "string", enum: ["sse"] }]];
/** Where operators move money. */
const REPEATABLE = /\/(?:credits|refund|credit-notes|payments)$/;
const IDEMPOTENCY_KEY: JsonObject = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "A repeat with the same key and body gets the same answer; nothing is held, billed or booked twice",
  schema: { ...text, maxLength: 255 },
};
const OPERATOR: Query = [["account_id", text]];

/** Path and query parameters of a route, as OpenAPI describes them. */
export function parametersOf(doc: RouteDoc): JsonObject[] {
  const inPath = [...doc.path.matchAll(/\{([a-z_]+)\}/g)].map((match): JsonObject => ({
    name: match[1] ?? "",
    in: "path",
    required: true,
    schema: text,
  }));
  const query =
    doc.method === "GET" ? queryOf(doc.path) : doc.path.endsWith(":streamGenerateContent") ? STREAM_FORM : [];
  const inQuery = query.map(([name, schema]): JsonObject => ({ name, in: "query", required: false, schema }));
  const takesKey = doc.method === "POST" && (doc.group === "inference" || REPEATABLE.test(doc.path));
  return [...inPath, ...inQuery, ...(takesKey ? [IDEMPOTENCY_KEY] : [])];
}

function queryOf(path: string): Query {
  const admin = /^\/admin\/(audit|usage)$/.exec(path);
  if (admin !== null) return [...(QUERIES[`/v1/${admin[1]}`] ?? []), ...OPERATOR];
  return QUERIES[path] ?? [];
}
