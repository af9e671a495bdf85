import type { Dialect, RouteFacts } from "../../dialects/dialect.ts";
import { authenticate } from "../../gates/authenticate.ts";
import { readCredentials } from "../../gates/credential.ts";
import type { InferenceCall, Operation } from "../../gateway/types.ts";
import { GatewayError } from "../../ir/error.ts";
import type { HttpDeps } from "../deps.ts";
import { errorResponse, toGatewayError } from "../errors.ts";
import { requestIdOf } from "../ids.ts";
import type { Metrics } from "../metrics.ts";
import { addressOf, type PeerSource, queryOf } from "../peer.ts";
import type { Replays } from "./replays.ts";

/** What a route knows of a call before its body is read. */
export interface CallPlan {
  dialect: Dialect;
  operation: Operation;
  route: RouteFacts;
  /** Path template for audit and metrics. */
  endpoint: string;
}

export interface InferenceRunner {
  deps: HttpDeps;
  metrics: Metrics;
  replays: Replays;
}

/**
 * One inference call: who is calling, then on to the gateway with the body unread. Every refusal is an answer in the dialect of the route. Never rejects.
 */
export async function runInference(
  runner: InferenceRunner,
  request: Request,
  peers: PeerSource,
  plan: CallPlan,
): Promise<Response> {
  const { deps, metrics } = runner;
  const requestId = requestIdOf(request);
  const started = deps.clock.monotonic();
  let response: Response;
  try {
    checkContentType(request);
    const query = plan.dialect.id === "gemini" ? queryOf(request.url) : null;
    const peer = addressOf(deps, request, peers);
    const found = authenticate(deps, readCredentials(request.headers, query), peer);
    const principal = found instanceof Promise ? await found : found;
    const { dialect, operation, route, endpoint } = plan;
    const receivedAt = deps.clock.now();
    const call = { dialect, operation, route, endpoint, request, requestId, principal, receivedAt };
    response = await handOver(runner, call);
  } catch (error) {
    response = errorResponse(deps, plan.dialect, toGatewayError(error, deps, requestId), requestId);
  }
  metrics.observeCall(plan.endpoint, response.status, deps.clock.monotonic() - started);
  return response;
}

/** Straight to the gateway, or by way of the kept answers when an account named the call. */
function handOver(runner: InferenceRunner, call: InferenceCall): Promise<Response> {
  const { deps, replays } = runner;
  const { request, requestId, principal } = call;
  const key = request.headers.get("idempotency-key");
  if (key === null || call.operation === "count" || principal.bearer === "anonymous") return deps.gateway.handle(call);
  const subject = principal.account.id;
  return replays.run({ key, request, subject, requestId }, (read) => deps.gateway.handle({ ...call, request: read }));
}

/** A body without a content type is taken for JSON; another type than JSON is refused before anything is read. */
function checkContentType(request: Request): void {
  const type = request.headers.get("content-type");
  if (type === null || /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trimStart())) return;
  throw new GatewayError({
    status: 415,
    code: "unsupported_media_type",
    message: "The body must be sent as `Content-Type: application/json`.",
  });
}
