import { AUDIT_THREAD, threadRecord } from "../../audit/thread.ts";
import { notFound } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Receipt } from "../../ledger/types.ts";
import { formatCents, formatNano } from "../../lib/money.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";
import { queryOf } from "../peer.ts";
import { exportRecords } from "./audit-export.ts";
import { readAuditQuery, readUsageQuery } from "./report-query.ts";

/** What the caller's account has used, call by call and summed up. */
export function reportRoutes(deps: HttpDeps) {
  return ownerApp(deps)
    .get("/v1/usage", ({ principal: { account }, request }) => usageReport(deps, request, account.id))
    .get("/v1/audit", ({ principal: { account }, request }) => auditReport(deps, request, account.id))
    .get("/v1/receipts/:request_id", ({ principal: { account }, params }) =>
      receiptReport(deps, params.request_id, account.id),
    );
}

/** Usage of one account, or of all for operators (null). */
export async function usageReport(deps: HttpDeps, request: Request, accountId: string | null): Promise<JsonObject> {
  const { billing } = deps.catalog();
  const query = new URLSearchParams(queryOf(request.url));
  const { filter, groups } = readUsageQuery(query, accountId, deps.clock.now(), billing.timezone);
  const [total = {}] = await deps.audit.usage(filter, []);
  return {
    object: "usage",
    from: new Date(filter.from).toISOString(),
    to: new Date(filter.to).toISOString(),
    currency: billing.currency,
    group_by: groups,
    data: groups.length === 0 ? [] : await deps.audit.usage(filter, groups),
    total,
  };
}

/** Audit records of one account, or of all for operators (null): a page as JSON, or everything as CSV or NDJSON. */
export async function auditReport(
  deps: HttpDeps,
  request: Request,
  accountId: string | null,
): Promise<JsonObject | Response> {
  const query = new URLSearchParams(queryOf(request.url));
  const { filter, cursor, limit, format, thread } = readAuditQuery(query, accountId, request.headers.get("accept"));
  const operator = accountId === null;
  if (thread !== null && thread !== (deps.catalog().features.auditThread ?? AUDIT_THREAD))
    return { object: "list", thread, data: [], has_more: false, next_cursor: null };
  if (format !== "json") return exportRecords(deps.audit, filter, { format, operator, name: "audit" });
  const page = await deps.audit.page(filter, { limit, cursor, operator });
  return {
    object: "list",
    ...(thread === null ? {} : { thread }),
    data: thread === null ? page.records : page.records.map((record) => threadRecord(record, thread)),
    has_more: page.nextCursor !== null,
    next_cursor: page.nextCursor,
  };
}

/** The receipt of a call; one of another account does not exist. `accountId` null is the operator. */
export async function receiptReport(deps: HttpDeps, requestId: string, accountId: string | null): Promise<JsonObject> {
  const receipt = await deps.ledger.receipt(requestId);
  if (receipt === null || (accountId !== null && receipt.accountId !== accountId)) {
    throw notFound("No such receipt.", "request_id");
  }
  return receiptView(receipt, accountId === null);
}

/** `operator`: with what only operators may see. */
export function receiptView(receipt: Receipt, operator: boolean): JsonObject {
  return {
    object: "receipt",
    request_id: receipt.requestId,
    hold_id: receipt.holdId,
    account_id: receipt.accountId,
    state: receipt.state,
    charged: formatNano(receipt.charged),
    cost_cents: formatCents(receipt.charged),
    ...(operator ? { absorbed: formatNano(receipt.absorbed) } : {}),
    currency: receipt.currency,
    usage: { tokens: { ...receipt.usage.tokens }, fees: { ...receipt.usage.fees } },
    usage_source: receipt.usageSource,
    price_version: receipt.priceVersion,
    lines: receipt.lines.map((line) => ({
      kind: line.kind,
      name: line.name,
      quantity: line.quantity,
      unit_usd: line.unitUsd,
      amount: line.amount,
      currency: line.currency,
    })),
    settled_at: new Date(receipt.settledAt).toISOString(),
  };
}
