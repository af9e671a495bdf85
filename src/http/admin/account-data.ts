import { type Static, t } from "elysia";
import { conflict, invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { sinkView } from "../routes/audit-sink.ts";
import { creditDetails, creditsView } from "../routes/credits.ts";
import { creditNoteViews, invoiceView } from "../routes/invoice-view.ts";
import { keyView } from "../routes/key-view.ts";
import { providerKeyView } from "../routes/provider-keys.ts";
import { receiptView } from "../routes/reports.ts";
import { accountView, findAccount } from "./accounts.ts";
import { billingView } from "./invoices.ts";
import { subscriptionView } from "./subscription.ts";

/** Lines that are sent at once. */
const CHUNK_LINES = 500;
const encoder = new TextEncoder();

/**
 * Everything about an account as NDJSON, one object a line with its `type`; secrets are no part of it. The last line, `end`, counts the others: without
 * it something is missing. Throws GatewayError 404.
 */
export async function exportAccount(deps: HttpDeps, id: string): Promise<Response> {
  const account = findAccount(deps, id);
  const balance = await deps.ledger.balance(account.id);
  const credits = { ...creditsView(balance, account, null), ...creditDetails(balance) };
  const lines = exportLines(deps, account.id, credits);
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let text = "";
        for (let count = 0; count < CHUNK_LINES; count += 1) {
          const next = await lines.next();
          if (next.done === true) {
            if (text !== "") controller.enqueue(encoder.encode(text));
            return controller.close();
          }
          text += `${JSON.stringify(next.value)}\n`;
        }
        controller.enqueue(encoder.encode(text));
      },
      async cancel() {
        await lines.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  const headers = {
    "content-type": "application/x-ndjson",
    "content-disposition": `attachment; filename="${account.id}.ndjson"`,
  };
  return new Response(body, { headers });
}

async function* exportLines(deps: HttpDeps, id: string, balance: JsonObject): AsyncGenerator<JsonObject> {
  let count = 0;
  for await (const line of accountLines(deps, id, balance)) {
    count += 1;
    yield line;
  }
  yield { type: "end", lines: count };
}

async function* accountLines(deps: HttpDeps, id: string, balance: JsonObject): AsyncGenerator<JsonObject> {
  const { archive } = deps;
  yield { type: "account", ...accountView(deps, findAccount(deps, id)) };
  yield { type: "credits", ...balance };
  yield { type: "billing_details", ...billingView(deps, id) };
  yield { type: "subscription", ...subscriptionView(deps, id) };
  for (const key of deps.keys.listKeys(id)) yield { type: "key", ...keyView(key) };
  for (const key of deps.providerKeys.list(id)) yield { type: "provider_key", ...providerKeyView(key) };
  const sink = deps.sinks.find(id);
  if (sink !== null) yield { type: "audit_sink", ...sinkView(sink) };
  for (const credit of archive.credits(id)) yield { type: "credit", ...credit };
  for (const grant of archive.grants(id)) yield { type: "grant", ...grant };
  yield* invoiceLines(deps, id);
  for await (const entry of archive.entries(id)) yield { type: "entry", ...entry };
  for await (const { seq, hash, record, receipt } of archive.calls(id)) {
    yield { type: "record", seq, hash, ...record };
    if (receipt !== null) yield { type: "receipt", ...receiptView(receipt, false) };
  }
  for (const response of archive.responses(id)) yield { type: "stored_response", ...response };
}

function* invoiceLines(deps: HttpDeps, id: string): Generator<JsonObject> {
  const { places, store } = deps.invoicing;
  for (const issued of store.list({ accountId: id, month: null })) {
    yield { type: "invoice", ...invoiceView(issued, true, places) };
    for (const note of creditNoteViews(issued, places)) yield { type: "credit_note", ...note };
  }
}

export const eraseSchema = t.Object(
  {
    confirm: t.String({ maxLength: 200, description: "The account's id once more: this can't be taken back" }),
    keep_invoices: t.Optional(
      t.Boolean({ description: "Leave whom issued invoices are made out to, where the law wants them kept" }),
    ),
  },
  { additionalProperties: false },
);

/**
 * Closes an account for good and takes what is about people out of it: names, billing details, keys, provider keys, sink, stored responses, texts beside
 * its records, reasons of credits. Amounts and ids stay, the books balance, and the chain of the records can be proved as before. May be repeated. Throws
 * GatewayError: 404, 400 without the right `confirm`, 409 while calls are under way.
 */
export async function eraseAccount(deps: HttpDeps, id: string, input: Static<typeof eraseSchema>): Promise<JsonObject> {
  const account = findAccount(deps, id);
  if (input.confirm !== account.id) throw invalidRequest("confirm", "confirm must be the account's id.");
  // Closed first, so that no call begins any more.
  if (account.status === "active") await deps.keys.updateAccount(id, { status: "disabled" });
  if (deps.ledger.openCalls(id) > 0) {
    const message = "Calls of this account are under way; it is disabled now: erase it when they have ended.";
    throw conflict(message);
  }
  const now = deps.clock.now();
  const keys = deps.keys.listKeys(id).length;
  const providerKeys = deps.providerKeys.list(id);
  const rows = await deps.erasure.erase(id, now, input.keep_invoices === true, async () => {
    await eraseKeys(deps, id, now);
    for (const key of providerKeys) await deps.providerKeys.remove(key.id, id);
    if (deps.sinks.find(id) !== null) await deps.sinks.remove(id);
    await deps.keys.updateAccount(id, { status: "closed", name: ERASED });
  });
  deps.log.info("an account was erased", { account_id: id, records: rows.records });
  return {
    object: "erasure",
    account_id: id,
    erased_at: new Date(deps.erasure.erasedAt(id) ?? now).toISOString(),
    keys,
    provider_keys: providerKeys.length,
    stored_responses: rows.storedResponses,
    records: rows.records,
    credits: rows.credits,
    invoices: rows.invoices,
  };
}

const ERASED = "erased";

/** Keys are revoked, and lose their names and the ends that were shown of them. */
async function eraseKeys(deps: HttpDeps, accountId: string, now: number): Promise<void> {
  for (const { id, revokedAt } of deps.keys.listKeys(accountId)) {
    await deps.keys.updateKey(id, { name: ERASED, display: ERASED, revokedAt: revokedAt ?? now });
  }
}
