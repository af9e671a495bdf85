import { authenticate, ANONYMOUS_ACCOUNT_ID } from "../gates/authenticate.ts";
import { readCredentials } from "../gates/credential.ts";
import { digestKey } from "../gates/keys.ts";
import type { Principal } from "../gates/types.ts";
import { GatewayError } from "../ir/error.ts";
import { equalTexts } from "../lib/secrets.ts";
import type { HttpDeps } from "./deps.ts";
import { addressOf, type PeerSource, queryOf } from "./peer.ts";

/** Who is calling; anonymous callers too where the catalog lets them. `?key=` counts only where `allowQueryKey` says so. */
export async function identify(
  deps: HttpDeps,
  request: Request,
  peers: PeerSource,
  options: { allowQueryKey?: boolean } = {},
): Promise<Principal> {
  const query = options.allowQueryKey === true ? queryOf(request.url) : null;
  const peer = addressOf(deps, request, peers);
  return authenticate(deps, readCredentials(request.headers, query), peer);
}

/** The same for routes that show or change what belongs to an account: anonymous callers have none. */
export async function identifyOwner(deps: HttpDeps, request: Request, peers: PeerSource): Promise<Principal> {
  const principal = await identify(deps, request, peers);
  if (principal.bearer !== "anonymous" && principal.account.id !== ANONYMOUS_ACCOUNT_ID) return principal;
  throw new GatewayError({
    status: 401,
    code: "unauthorized",
    message: "An API key is needed here: send it as `Authorization: Bearer`.",
    headers: { "www-authenticate": "Bearer" },
  });
}

/** Throws GatewayError 401 unless the request carries the admin token, or an admin key that is still good. */
export function requireAdmin(deps: HttpDeps, request: Request): void {
  if (readCredentials(request.headers, null).some(({ text }) => isAdmin(deps, text))) return;
  throw new GatewayError({
    status: 401,
    code: "unauthorized",
    message: "The admin token is needed here: send it as `Authorization: Bearer`.",
    headers: { "www-authenticate": "Bearer" },
  });
}

function isAdmin(deps: HttpDeps, text: string): boolean {
  if (text === "") return false;
  const digest = digestKey(deps.pepper, text);
  if (equalTexts(digest, deps.adminDigest)) return true;
  const key = deps.keys.findByDigest(digest);
  if (key === null || key.kind !== "admin" || key.revokedAt !== null) return false;
  return key.expiresAt === null || key.expiresAt > deps.clock.now();
}
