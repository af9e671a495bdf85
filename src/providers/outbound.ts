import manifest from "../../package.json" with { type: "json" };
import type { Provider } from "../catalog/types.ts";
import type { OutboundRequest } from "../upstream/types.ts";
import { KINDS, type KindFacts } from "./kinds.ts";

/** What of a target decides on the outbound request. */
export interface OutboundTarget {
  provider: Pick<Provider, "kind" | "baseUrl" | "compat" | "headers">;
  credential: { apiKey: string | null };
  model?: { upstream: string };
}

/** What a dialect made: path below the base URL, query, headers of the dialect, body. */
export interface EncodedCall {
  path: string;
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body: Uint8Array | string;
}

export type OutboundParts = Omit<OutboundRequest, "signal" | "connectTimeoutMs">;

const USER_AGENT = `tollgate/${manifest.version}`;

/**
 * The HTTP request for a call. Headers come from an allow-list: our own, the provider's from the catalog, the dialect's, the few of the
 * client's that this API understands, and the credential. Throws RangeError when the path could leave the provider's base URL.
 */
export function buildOutbound(
  target: OutboundTarget,
  call: EncodedCall,
  clientHeaders: Readonly<Record<string, string>> = {},
): OutboundParts {
  const { provider, credential } = target;
  const kind = KINDS[provider.kind];
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    // A provider's compressed stream can be of any size once decoded; so none is asked for.
    "accept-encoding": "identity",
    "user-agent": USER_AGENT,
    ...kind.headers,
  };
  copyLower(headers, provider.headers);
  copyLower(headers, provider.compat.headers);
  for (const name of kind.clientHeaders) {
    const value = clientHeaders[name];
    if (value !== undefined) headers[name] = value;
  }
  copyLower(headers, call.headers ?? {});
  addCredential(headers, kind, provider, credential.apiKey);
  return { method: "POST", url: outboundUrl(target, kind, call), headers, body: call.body };
}

function copyLower(into: Record<string, string>, from: Readonly<Record<string, string>>): void {
  for (const name in from) {
    const value = from[name];
    if (value !== undefined) into[name.toLowerCase()] = value;
  }
}

function addCredential(
  headers: Record<string, string>,
  kind: KindFacts,
  provider: OutboundTarget["provider"],
  apiKey: string | null,
): void {
  if (apiKey === null) return;
  const { auth_header: header, auth_prefix: prefix } = provider.compat;
  const name = (header ?? kind.auth.header).toLowerCase();
  const lead = prefix ?? (name === "authorization" ? "Bearer " : header === null ? kind.auth.prefix : "");
  headers[name] = (/[a-z]$/i.test(lead) ? `${lead} ` : lead) + apiKey;
}

const isEmpty = (fields: object): boolean => {
  for (const _name in fields) return false;
  return true;
};

const SLASHES_AT_END = /\/+$/;
const VERSION_AT_END = /\/v1(?:beta)?$/;
const VERSION_AT_START = /^\/v1(?:beta)?(?=\/)/;
/** Characters and steps by which a path could leave its base: dot segments (plain or encoded), another query, a fragment. */
const UNSAFE_PATH = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)|[?#\\\s]|^\/\/|^[^/]/i;

/** Base URL + path + query. A base that already ends in the API's version (`/v1`, `/v1beta`) keeps its own, and the path's is left out. */
function outboundUrl(target: OutboundTarget, kind: KindFacts, call: EncodedCall): string {
  const { baseUrl, compat } = target.provider;
  const base = baseUrl.endsWith("/") ? baseUrl.replace(SLASHES_AT_END, "") : baseUrl;
  let path = call.path;
  if (compat.path !== null && path === kind.generatePath) {
    path = compat.path.replaceAll("{model}", encodeURIComponent(target.model?.upstream ?? ""));
  }
  if (VERSION_AT_END.test(base)) path = path.replace(VERSION_AT_START, "");
  if (UNSAFE_PATH.test(path)) throw new RangeError("the path of an upstream call leaves its base URL");
  const query = { ...compat.query, ...call.query };
  return isEmpty(query) ? base + path : `${base}${path}?${new URLSearchParams(query).toString()}`;
}
