import type { Principal } from "../../gates/types.ts";
import { GatewayError, invalidRequest, unsupportedFeature } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { ResponseStore, StoredResponse } from "../../responses/port.ts";
import type { HttpDeps } from "../deps.ts";
import { ownerApp } from "../owner.ts";
import { queryOf } from "../peer.ts";

/** Stored responses of the OpenAI Responses API: read, delete, list the input. Only where the catalog turns storage on. */
export function storedResponseRoutes(deps: HttpDeps) {
  const app = ownerApp(deps);
  for (const base of ["/v1/responses", "/responses"] as const) {
    app
      .get(`${base}/:id`, async ({ principal, request, params }) => {
        const { response } = await findStored(storeOf(deps), params.id, principal);
        refuseStream(new URLSearchParams(queryOf(request.url)));
        return response;
      })
      .delete(`${base}/:id`, async ({ principal, params }) => {
        if (!(await storeOf(deps).delete(params.id, principal.account.id))) throw unknownResponse(params.id);
        return { id: params.id, object: "response", deleted: true };
      })
      .get(`${base}/:id/input_items`, async ({ principal, request, params }) => {
        const stored = await findStored(storeOf(deps), params.id, principal);
        return inputItems(stored, new URLSearchParams(queryOf(request.url)));
      });
  }
  return app;
}

function storeOf(deps: HttpDeps): ResponseStore {
  if (deps.responses !== null && deps.catalog().features.storage) return deps.responses;
  throw new GatewayError({
    status: 400,
    code: "unsupported_feature",
    message: "This gateway stores no responses; send the whole conversation with every request.",
  });
}

async function findStored(store: ResponseStore, id: string, principal: Principal): Promise<StoredResponse> {
  const stored = await store.get(id, principal.account.id);
  if (stored === null) throw unknownResponse(id);
  return stored;
}

function unknownResponse(id: string): GatewayError {
  return new GatewayError({
    status: 404,
    code: "not_found",
    message: `Response ${JSON.stringify(id.slice(0, 100))} is not stored here.`,
    param: "response_id",
  });
}

/** Only background responses can be streamed again (API reference, `stream` of retrieve), and none are made here. JSON would be no answer to it. */
function refuseStream(query: URLSearchParams): void {
  if (query.get("stream") !== "true") return;
  throw unsupportedFeature("stream", "stream: a finished response is not streamed again; ask without it");
}

/** A page of input items: `order` desc (default) or asc, `after`, `limit` 1 to 100 (20), as platform.openai.com documents it. */
function inputItems(stored: StoredResponse, query: URLSearchParams): JsonObject {
  const order = query.get("order") ?? "desc";
  if (order !== "asc" && order !== "desc") throw invalidRequest("order", "order must be asc or desc.");
  const limit = Number(query.get("limit") ?? "20");
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalidRequest("limit", "limit must be 1 to 100.");
  const items = order === "asc" ? stored.input : stored.input.toReversed();
  const after = query.get("after");
  const start = after === null ? 0 : items.findIndex((item) => item["id"] === after) + 1;
  const data = items.slice(start, start + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.["id"] ?? null,
    last_id: data.at(-1)?.["id"] ?? null,
    has_more: start + data.length < items.length,
  };
}
