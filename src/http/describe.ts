import { ROUTES, type RouteDoc } from "./route-table.ts";

/** Names of the security schemes in the OpenAPI document. */
export const SECURITY = { key: "apiKey", admin: "adminToken" } as const;

/** OpenAPI facts of a route, taken from the route table: `describe("GET", "/v1/credits")`. */
export function describe(method: RouteDoc["method"], path: string) {
  const doc = ROUTES.find((item) => item.method === method && item.path === path);
  if (doc === undefined) throw new Error(`no such route in the table: ${method} ${path}`);
  return { detail: detailOf(doc) };
}

export function detailOf(doc: RouteDoc) {
  return {
    summary: doc.summary,
    tags: [doc.group],
    ...(doc.auth === "none" ? {} : { security: [{ [SECURITY[doc.auth]]: [] }] }),
  };
}
