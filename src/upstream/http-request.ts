import { failureOf } from "./classify.ts";
import { UpstreamError } from "./error.ts";
import type { OutboundRequest } from "./types.ts";

/** Where connections go: one per scheme, host and port. */
export interface Origin {
  key: string;
  hostname: string;
  port: number;
  tls: boolean;
}

const VISIBLE = /^[!-~]+$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** Anything but visible Latin-1, space and tab (RFC 9110, section 5.5). */
const BAD_VALUE = /[^\t -~\u0080-\u00ff]/;

const origins = new Map<string, Origin>();
/** Origins come from the catalog and accounts' own providers; a bound keeps the cache from growing with them. */
const MAX_ORIGINS = 1000;

/** Splits a URL into its origin (cached) and the request target. Throws UpstreamError `local` for anything but http and https. */
export function splitUrl(url: string): { origin: Origin; target: string } {
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  const key = slash < 0 ? url : url.slice(0, slash);
  let origin = origins.get(key);
  if (origin === undefined) {
    origin = parseOrigin(key);
    if (origins.size >= MAX_ORIGINS) origins.clear();
    origins.set(key, origin);
  }
  const target = slash < 0 ? "/" : url.slice(slash);
  return { origin, target: VISIBLE.test(target) && !target.includes("#") ? target : normalise(url) };
}

function normalise(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function parseOrigin(key: string): Origin {
  if (!URL.canParse(key)) throw localError("the provider's address is not a URL");
  const { protocol, hostname, port, username } = new URL(key);
  if ((protocol !== "http:" && protocol !== "https:") || username !== "") {
    throw localError("the provider's address is not a plain http or https URL");
  }
  const tls = protocol === "https:";
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return { key, hostname: host, port: port === "" ? (tls ? 443 : 80) : Number(port), tls };
}

/**
 * A request's bytes, head and body: they leave in one system call, and mostly in one packet. Throws UpstreamError `local` on header names or
 * values that HTTP can't carry: nothing can be smuggled in a value.
 */
export function encodeRequest(request: OutboundRequest, origin: Origin, target: string): Buffer {
  const body = typeof request.body === "string" ? Buffer.from(request.body) : request.body;
  const { hostname, port, tls } = origin;
  const name = hostname.includes(":") ? `[${hostname}]` : hostname;
  let head = `${request.method} ${target} HTTP/1.1\r\nhost: ${name}${port === (tls ? 443 : 80) ? "" : `:${port}`}\r\n`;
  for (const field of Object.keys(request.headers)) {
    const value = request.headers[field] ?? "";
    if (!isFieldName(field) || BAD_VALUE.test(value)) throw localError("a request header can't be sent");
    head += `${field}: ${value}\r\n`;
  }
  if (body !== null || request.method === "POST") head += `content-length: ${body?.length ?? 0}\r\n`;
  head += "\r\n";
  const bytes = Buffer.allocUnsafe(head.length + (body?.length ?? 0));
  const end = bytes.write(head, "latin1");
  if (body !== null) bytes.set(body, end);
  return bytes;
}

const fieldNames = new Set<string>();
/** Names come from code and catalog, a few dozen: they are checked once. */
const MAX_FIELD_NAMES = 1000;

function isFieldName(name: string): boolean {
  if (fieldNames.has(name)) return true;
  if (!FIELD_NAME.test(name)) return false;
  if (fieldNames.size < MAX_FIELD_NAMES) fieldNames.add(name);
  return true;
}

function localError(message: string): UpstreamError {
  return new UpstreamError(failureOf("local", null, message));
}
