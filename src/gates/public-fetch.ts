import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Networks, normalizeAddress } from "./client-address.ts";

/** What is not the public internet (IANA special-purpose registries): loopback, private, link-local with cloud metadata, and so on. */
const PRIVATE = new Networks([
  "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
  "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
  "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
]); // prettier-ignore

/** All public addresses of IPv6 (RFC 4291, section 2.4): whatever else there is, old, new or holding an IPv4 address, is not. */
const PUBLIC_IPV6 = new Networks(["2000::/3"]);

export type Resolver = (host: string) => Promise<string[]>;

export interface GuardedFetchOptions {
  maxBytes: number;
  timeoutMs: number;
  resolve?: Resolver;
  fetch?: (url: string, init: BunFetchRequestInit) => Promise<Response>;
}

const resolveAll: Resolver = async (host) => (await lookup(host, { all: true })).map((entry) => entry.address);

/** True for addresses that a URL out of a configuration or a client must never reach, and for what is none. Mapped IPv4 counts as what it is. */
export function isPrivateAddress(address: string): boolean {
  const normal = normalizeAddress(address);
  if (normal === null) return true;
  return PRIVATE.has(normal) || (normal.includes(":") && !PUBLIC_IPV6.has(normal));
}

/** True for a host of a URL that lies in no public network whatever a resolver says: a private address, or `localhost` (RFC 6761, section 6.3). */
export function isPrivateHost(hostname: string): boolean {
  const host = bareHost(hostname);
  return isIP(host) === 0 ? /(?:^|\.)localhost\.?$/i.test(host) : isPrivateAddress(host);
}

const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

/**
 * GETs a small text from a public https URL: the name is resolved once, every address of it must be public, and the connection goes to
 * the very address that was checked. No redirects, bounded size and time. Throws Error that names what was refused.
 */
export async function fetchPublicText(url: string, options: GuardedFetchOptions): Promise<string> {
  const response = await request(url, options, { method: "GET", headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return readBounded(response, options.maxBytes);
}

/** POSTs a body under the same guard, and gives the status; the answer's body is not read. `allowPrivate` lifts the guard on addresses. */
export async function postPublic(
  url: string,
  content: { body: string; headers: Record<string, string> },
  options: GuardedFetchOptions & { allowPrivate: boolean },
): Promise<number> {
  const response = await request(url, options, { method: "POST", ...content });
  await response.body?.cancel();
  return response.status;
}

interface Outgoing {
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
}

async function request(
  url: string,
  options: GuardedFetchOptions & { allowPrivate?: boolean },
  outgoing: Outgoing,
): Promise<Response> {
  const target = new URL(url);
  const isLocal = options.allowPrivate === true;
  if (target.protocol !== "https:" && !(isLocal && target.protocol === "http:")) {
    throw new Error("only https URLs are fetched");
  }
  if (target.username !== "" || target.password !== "") throw new Error("URLs with credentials are not fetched");
  const host = bareHost(target.hostname);
  const addresses = isIP(host) === 0 ? await (options.resolve ?? resolveAll)(host) : [host];
  const [address] = addresses;
  if (address === undefined) throw new Error("the host has no address");
  if (!isLocal && addresses.some(isPrivateAddress)) throw new Error("the host has a private address");
  const pinned = new URL(target);
  pinned.hostname = address.includes(":") ? `[${address}]` : address;
  return (options.fetch ?? fetch)(pinned.href, {
    ...outgoing,
    redirect: "error",
    signal: AbortSignal.timeout(options.timeoutMs),
    headers: { ...outgoing.headers, host: target.host, "accept-encoding": "identity" },
    tls: { serverName: host, checkServerIdentity: undefined },
  });
}

async function readBounded(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
