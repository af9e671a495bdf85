import { Elysia } from "elysia";
import type { RouteFacts } from "../../dialects/dialect.ts";
import { CLIENT_HEADERS } from "../../ir/dialect-id.ts";
import { invalidRequest } from "../../ir/error.ts";
import { errorResponse, toGatewayError } from "../errors.ts";
import { requestIdOf } from "../ids.ts";
import type { PeerSource } from "../peer.ts";
import { type CallPlan, type InferenceRunner, runInference } from "./call.ts";
import { readGeminiPath } from "./gemini-path.ts";
import { GEMINI_BASES, INFERENCE_ROUTES } from "./served.ts";

/**
 * The routes that cost money. Elysia neither parses nor validates here: the gateway reads the bytes itself, since what it scans is what it
 * sends on.
 */
export function inferenceRoutes(runner: InferenceRunner) {
  const app = new Elysia();
  const options = { parse: "none", detail: { hide: true } } as const;
  for (const item of INFERENCE_ROUTES) {
    const plan = (request: Request): CallPlan => ({
      dialect: runner.deps.dialects[item.dialect],
      operation: item.operation,
      route: {
        model: null,
        stream: null,
        sse: true,
        headers: pickHeaders(request.headers, CLIENT_HEADERS[item.dialect]),
      },
      endpoint: `/v1${item.path}`,
    });
    const handle = ({ request, server }: { request: Request; server: PeerSource }) =>
      runInference(runner, request, server, plan(request));
    app.post(`/v1${item.path}`, handle, options).post(item.path, handle, options);
  }
  for (const base of GEMINI_BASES) {
    app.post(
      `${base}/*`,
      ({ request, server, params }) => runGemini(runner, request, server, base, params["*"]),
      options,
    );
  }
  return app;
}

async function runGemini(
  runner: InferenceRunner,
  request: Request,
  peers: PeerSource,
  base: string,
  rest: string,
): Promise<Response> {
  const dialect = runner.deps.dialects.gemini;
  try {
    const call = readGeminiPath(rest, request.url);
    const endpoint = `${base}/{model}:${call.action}`;
    const { operation, route } = call;
    return await runInference(runner, request, peers, { dialect, operation, route, endpoint });
  } catch (error) {
    const requestId = requestIdOf(request);
    return errorResponse(runner.deps, dialect, toGatewayError(error, runner.deps, requestId), requestId);
  }
}

const NO_HEADERS: RouteFacts["headers"] = {};

function pickHeaders(headers: Headers, names: readonly string[]): RouteFacts["headers"] {
  if (names.length === 0) return NO_HEADERS;
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value === null) continue;
    // The one control character that the server lets through (RFC 9110, section 5.5); it would not be sent on.
    if (value.includes("\u007f")) throw invalidRequest(null, `The header ${name} holds a control character.`);
    picked[name] = value;
  }
  return picked;
}
