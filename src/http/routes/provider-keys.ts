import { type Static, t } from "elysia";
import { requireWholeAccount } from "../../gates/key-rights.ts";
import type { ProviderKeyRecord } from "../../gates/provider-keys.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";

export const providerKeySchema = t.Object(
  {
    provider: t.String({ minLength: 1, maxLength: 100, description: "Provider of the catalog" }),
    api_key: t.String({ minLength: 1, maxLength: 4096, description: "The provider's own key; never shown again" }),
    name: t.Optional(t.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);

/** Provider keys of the caller's account: calls to these providers are then paid with them. */
export function providerKeyRoutes(deps: HttpDeps) {
  return ownerApp(deps)
    .get("/v1/provider-keys", ({ principal: { account } }) => listProviderKeys(deps, account.id))
    .post(
      "/v1/provider-keys",
      ({ principal, body }) => {
        requireWholeAccount(principal);
        return addProviderKey(deps, principal.account.id, body);
      },
      { body: providerKeySchema },
    )
    .delete(
      "/v1/provider-keys/:id",
      ({ principal, params }) => {
        requireWholeAccount(principal);
        return removeProviderKey(deps, principal.account.id, params.id);
      },
      { parse: "none" },
    );
}

/** An account's own provider keys, without what is secret of them. */
export function listProviderKeys(deps: HttpDeps, accountId: string): JsonObject {
  return { object: "list", data: deps.providerKeys.list(accountId).map(providerKeyView) };
}

/** Throws GatewayError 400 for an unknown provider. Durable when it resolves. */
export async function addProviderKey(
  deps: HttpDeps,
  accountId: string,
  body: Static<typeof providerKeySchema>,
): Promise<Response> {
  const input = { provider: body.provider, apiKey: body.api_key, name: body.name ?? "" };
  const record = await deps.providerKeys.add(accountId, input, deps.catalog());
  return Response.json(providerKeyView(record), { status: 201 });
}

/** Throws GatewayError 404. */
export async function removeProviderKey(deps: HttpDeps, accountId: string, id: string): Promise<JsonObject> {
  await deps.providerKeys.remove(id, accountId);
  return { id, object: "provider_key", deleted: true };
}

/** A provider key as its owner sees it: never the key itself. */
export function providerKeyView(record: ProviderKeyRecord): JsonObject {
  return {
    id: record.id,
    object: "provider_key",
    account_id: record.accountId,
    provider: record.provider,
    name: record.name,
    display: record.display,
    created_at: new Date(record.createdAt).toISOString(),
  };
}
