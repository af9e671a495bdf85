import type { Dialect, RouteFacts } from "../../dialects/dialect.ts";
import { authenticate } from "../../gates/authenticate.ts";
import { clientAddress } from "../../gates/client-address.ts";
import { readCredential } from "../../gates/credential.ts";
import type { Principal } from "../../gates/types.ts";
import type { Operation } from "../../gateway/types.ts";
import { GatewayError } from "../../ir/error.ts";
import type { HttpDeps } from "../deps.ts";
import { errorResponse, toGatewayError } from "../errors.ts";
import { requestIdOf } from "../ids.ts";
import type { Metrics } from "../metrics.ts";
import { peerOf, type PeerSource, queryOf, trustedNetworks } from "../peer.ts";
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
    const peer = clientAddress(peerOf(request, peers), request.headers.get("x-forwarded-for"), trustedNetworks(deps));
    const found = authenticate(deps, readCredential(request.headers, query), peer);
    const principal = found instanceof Promise ? await found : found;
    response = await handOver(runner, request, { ...plan, peer, principal, requestId });
  } catch (error) {
    response = errorResponse(deps, plan.dialect, toGatewayError(error, deps, requestId), requestId);
  }
  metrics.observeCall(plan.endpoint, response.status, deps.clock.monotonic() - started);
  return response;
}

interface ReadyCall extends CallPlan {
  peer: string;
  principal: Principal;
  requestId: string;
}

function handOver(runner: InferenceRunner, request: Request, call: ReadyCall): Promise<Response> {
  const { deps, replays } = runner;
  const start = (actual: Request): Promise<Response> =>
    deps.gateway.handle({ ...call, request: actual, receivedAt: deps.clock.now() });
  const key = request.headers.get("idempotency-key");
  if (key === null || call.operation === "count") return start(request);
  return replays.run({ key, request, subject: call.principal.limitSubject, requestId: call.requestId }, start);
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
