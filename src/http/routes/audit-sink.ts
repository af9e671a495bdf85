import { type Static, t } from "elysia";
import type { AuditSink } from "../../audit/sinks.ts";
import { isPrivateHost } from "../../gates/public-fetch.ts";
import { invalidRequest } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";
import { requireWholeAccount } from "../../gates/key-rights.ts";

const sinkSchema = t.Object(
  { url: t.String({ minLength: 1, maxLength: 2000, description: "https address that takes the records" }) },
  { additionalProperties: false },
);

/** Where the caller's account wants the records of its calls pushed. */
export function auditSinkRoutes(deps: HttpDeps) {
  return ownerApp(deps)
    .get("/v1/audit-sink", ({ principal: { account } }) => sinkView(deps.sinks.find(account.id)))
    .put(
      "/v1/audit-sink",
      ({ principal, body }) => {
        requireWholeAccount(principal);
        return setSink(deps, principal.account.id, body);
      },
      { body: sinkSchema },
    )
    .delete(
      "/v1/audit-sink",
      async ({ principal }) => {
        requireWholeAccount(principal);
        await deps.sinks.remove(principal.account.id);
        return { object: "audit_sink", deleted: true };
      },
      { parse: "none" },
    );
}

/**
 * The only answer that holds the signing secret. What could never be delivered is refused at once; a name is resolved, and checked again, at
 * every delivery.
 */
async function setSink(deps: HttpDeps, accountId: string, body: Static<typeof sinkSchema>): Promise<JsonObject> {
  const host = URL.parse(body.url)?.hostname ?? "";
  if (deps.catalog().features.privateSinks !== true && isPrivateHost(host)) {
    throw invalidRequest("url", "url must lie in the public internet.");
  }
  const { sink, secret } = await deps.sinks.set(accountId, body.url);
  return { ...sinkView(sink), secret };
}

/** An account's sink as it is shown: never its secret. */
export function sinkView(sink: AuditSink | null): JsonObject {
  return {
    object: "audit_sink",
    url: sink?.url ?? null,
    position: sink?.position ?? null,
    created_at: sink === null ? null : new Date(sink.createdAt).toISOString(),
  };
}
