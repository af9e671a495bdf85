import { clientAddress, Networks } from "../gates/client-address.ts";
import type { HttpDeps } from "./deps.ts";

/** The listening server, which knows the address of a connection; null where requests come without one. */
export type PeerSource = { requestIP(request: Request): { address: string } | null } | null;

const LOCAL = "127.0.0.1";

/** The requests that came over connections, by those which were made from them. */
const received = new WeakMap<Request, Request>();

/** Lets a request that was made from another count as coming from the same peer: the server knows only its own. */
export function rememberPeer(made: Request, from: Request): void {
  received.set(made, from);
}

/** Address of the TCP peer. Requests over the control socket, or handed over in process, are local. */
const peerOf = (request: Request, source: PeerSource): string =>
  source?.requestIP(received.get(request) ?? request)?.address ?? LOCAL;

const networks = new WeakMap<readonly string[], Networks>();

/** The catalog's trusted proxies, parsed once per catalog. */
function trustedNetworks(deps: Pick<HttpDeps, "catalog">): Networks {
  const list = deps.catalog().access.trustedProxies;
  const known = networks.get(list);
  if (known !== undefined) return known;
  const parsed = new Networks(list);
  networks.set(list, parsed);
  return parsed;
}

/** Gives the client's address when it is asked for: most calls are told apart by their key. */
export function addressOf(deps: Pick<HttpDeps, "catalog">, request: Request, source: PeerSource): () => string {
  return () => clientAddress(peerOf(request, source), request.headers.get("x-forwarded-for"), trustedNetworks(deps));
}

/** The query of a URL without its question mark; "" when there is none. */
export function queryOf(url: string): string {
  const at = url.indexOf("?");
  if (at < 0) return "";
  const hash = url.indexOf("#", at);
  return hash < 0 ? url.slice(at + 1) : url.slice(at + 1, hash);
}

/** The path of an absolute URL, still encoded. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const query = url.indexOf("?", start);
  return query < 0 ? url.slice(start) : url.slice(start, query);
}
