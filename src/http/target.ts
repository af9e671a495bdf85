import { GatewayError } from "../ir/error.ts";
import { rememberPeer } from "./peer.ts";

/** What stands for the host where a client told none; nothing is routed by it. */
const NO_HOST = "http://localhost";

/** The runtime gives a bare path for a URL where it could make nothing of the Host header. */
const isBare = (request: Request): boolean => request.url.startsWith("/");

/**
 * The request as it is routed: with an absolute URL, since a router that skips scheme and host would read another path out of a bare one than
 * a proxy in front has checked; and HEAD as GET (RFC 9110, 9.3.2: the server itself keeps the body back, so that Content-Length is the one
 * that GET has, and cancels a body that is a stream).
 */
export function routedRequest(request: Request): Request {
  const isHead = request.method === "HEAD";
  if (!isHead && !isBare(request)) return request;
  const whole = isBare(request) ? new Request(NO_HOST + request.url, request) : request;
  const routed = isHead ? new Request(whole, { method: "GET" }) : whole;
  rememberPeer(routed, request);
  return routed;
}

/** GatewayError 400 for a Host header that is none (RFC 9112, section 3.2), else null. HTTP/1.0 needs no Host; without one in HTTP/1.1 the server itself refuses. */
export function hostError(request: Request): GatewayError | null {
  if (!isBare(request) || !request.headers.has("host")) return null;
  return new GatewayError({ status: 400, code: "invalid_request", message: "The Host header is not a valid host." });
}
