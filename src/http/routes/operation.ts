import { Elysia } from "elysia";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import type { Metrics } from "../metrics.ts";

/** Routes for probes and monitoring. They name no account and need no key. */
export function operationRoutes(deps: HttpDeps, metrics: Metrics) {
  return new Elysia()
    .get("/health", () => health(deps))
    .get("/ready", () => ready(deps))
    .get(
      "/metrics",
      async () => new Response(await metrics.render(), { headers: { "content-type": metrics.contentType } }),
    )
    .get("/model-health", () => modelHealth(deps));
}

/** 200 while calls can be served; 503 when storage can't take a hold. */
function health(deps: HttpDeps): Response {
  const catalog = deps.catalog();
  const healthy = deps.ledger.healthy();
  const body = {
    status: healthy ? "ok" : "unavailable",
    name: catalog.brand.name,
    version: deps.version,
    catalog: catalog.version,
    models: catalog.models.size,
    uptime_seconds: Math.floor(process.uptime()),
    components: { ledger: healthy ? "ok" : "unavailable" },
  };
  return Response.json(body, { status: healthy ? 200 : 503 });
}

function ready(deps: HttpDeps): Response {
  const { ready: isReady, reasons } = deps.readiness();
  return Response.json(
    { status: isReady ? "ready" : "not_ready", reasons },
    { status: isReady ? 200 : 503, headers: isReady ? {} : { "retry-after": "1" } },
  );
}

/** Breakers of the operator's own credentials at every provider of a model; customers' keys are nobody else's business. */
function modelHealth(deps: HttpDeps): JsonObject {
  const now = deps.clock.now();
  const rows = new Map(
    deps.health
      .snapshot(now)
      .filter((row) => row.credential === "operator")
      .map((row) => [`${row.provider} ${row.model}`, row]),
  );
  const places = [...deps.catalog().models.values()].flatMap((model) => [model, ...(model.alternates ?? [])]);
  const models = places.map((model) => {
    const row = rows.get(`${model.provider} ${model.id}`);
    return {
      id: model.id,
      provider: model.provider,
      state: row?.state ?? "closed",
      available: row === undefined || row.state === "closed" || row.state === "half-open",
      consecutive_failures: row?.consecutiveFailures ?? 0,
      calls: row?.calls ?? 0,
      failures: row?.failures ?? 0,
      average_first_token_ms: roundedOrNull(row?.averageFirstTokenMs ?? null),
      retry_at: isoOrNull(row?.retryAt ?? null),
    };
  });
  return { status: models.every((model) => model.available) ? "ok" : "degraded", models };
}

const roundedOrNull = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
