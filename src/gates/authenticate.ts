import type { Access, Catalog, Limits, Tier } from "../catalog/types.ts";
import { GatewayError } from "../ir/error.ts";
import type { Clock } from "../lib/clock.ts";
import { limitAddress } from "./client-address.ts";
import type { Credential } from "./credential.ts";
import { looksLikeJwt, type JwtVerifier } from "./jwt.ts";
import { digestKey, isWellFormedKey } from "./keys.ts";
import { newAccount } from "./new-records.ts";
import type { AccountRecord, KeyRecord, KeyStore, Principal } from "./types.ts";

export interface AuthenticateDeps {
  catalog(): Catalog;
  keys: KeyStore;
  /** Key of the HMAC under which API keys are stored. */
  pepper: Uint8Array;
  jwt: JwtVerifier;
  clock: Clock;
}

/** Account of callers without a credential. */
export const ANONYMOUS_ACCOUNT_ID = "anonymous";

/**
 * Who is calling, by any credential that the request carries: SDKs send a placeholder in one place beside the key in another, so one that is
 * good is enough. Of two good ones of the same account the first counts. `peer` gives the client's address; it is asked for only where callers are told apart by it. Keys are looked up at every call, so that revoking, expiring and disabling bite at once. Synchronous but for JWTs.
 * Throws GatewayError: 401 (`unauthorized`, `invalid_bearer`, `invalid_jwt_signature`, `key_expired`, `key_revoked`), 403 for a disabled account,
 * 400 when credentials of different accounts are good.
 */
export function authenticate(
  deps: AuthenticateDeps,
  credentials: readonly Credential[],
  peer: () => string,
): Principal | Promise<Principal> {
  const catalog = deps.catalog();
  const [first, ...others] = credentials;
  if (first === undefined) return anonymous(catalog, deps, peer);
  return others.length === 0 ? authenticateBy(deps, catalog, first) : authenticateAny(deps, catalog, credentials);
}

async function authenticateAny(
  deps: AuthenticateDeps,
  catalog: Catalog,
  credentials: readonly Credential[],
): Promise<Principal> {
  const good: Principal[] = [];
  const refusals: GatewayError[] = [];
  for (const credential of credentials) {
    try {
      good.push(await authenticateBy(deps, catalog, credential));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      refusals.push(error);
    }
  }
  const [first] = good;
  // A key that was ours says more than one that never was.
  const { code } = unknownCredential(catalog);
  if (first === undefined)
    throw refusals.find((refusal) => refusal.code !== code) ?? refusals[0] ?? unknownCredential(catalog);
  if (good.every(({ account }) => account.id === first.account.id)) return first;
  const places = credentials.map(({ source }) => PLACES[source]).join(" and ");
  throw new GatewayError({
    status: 400,
    code: "invalid_request",
    message: `The request carries credentials of different accounts, in ${places}: send one of them.`,
  });
}

const PLACES: Readonly<Record<Credential["source"], string>> = {
  authorization: "`Authorization`",
  "x-api-key": "`x-api-key`",
  "x-goog-api-key": "`x-goog-api-key`",
  query: "`?key=`",
};

function authenticateBy(
  deps: AuthenticateDeps,
  catalog: Catalog,
  credential: Credential,
): Principal | Promise<Principal> {
  if (looksLikeJwt(credential.text)) return authenticateJwt(deps, catalog, credential.text);
  const key = isWellFormedKey(credential.text) ? deps.keys.findByDigest(digestKey(deps.pepper, credential.text)) : null;
  if (key === null || key.kind === "admin") throw unknownCredential(catalog);
  const now = deps.clock.now();
  if (key.revokedAt !== null) throw refused("key_revoked", "This key has been revoked.");
  if (key.expiresAt !== null && key.expiresAt <= now) throw refused("key_expired", "This key has expired.");
  const account = activeAccount(deps.keys.findAccount(key.accountId), catalog);
  deps.keys.touchKey(key.id, now);
  return keyPrincipal(catalog.access, key, account);
}

async function authenticateJwt(deps: AuthenticateDeps, catalog: Catalog, token: string): Promise<Principal> {
  const settings = catalog.access.jwt;
  if (settings === null) throw unknownCredential(catalog);
  const claims = await deps.jwt.verify(token, settings);
  const accountId = claims[settings.accountClaim];
  const found = typeof accountId === "string" ? deps.keys.findAccount(accountId) : null;
  const account = activeAccount(found, catalog);
  const claimed = settings.tierClaim === null ? undefined : claims[settings.tierClaim];
  const wanted = typeof claimed === "string" ? claimed : account.tier;
  return principal(catalog.access, { account, key: null, bearer: "jwt", wanted, subject: account.id });
}

function anonymous(catalog: Catalog, deps: AuthenticateDeps, peer: () => string): Principal {
  const { access } = catalog;
  if (access.anonymous === null && access.auth === "required") {
    throw refused(
      "unauthorized",
      "An API key is needed: send it as `Authorization: Bearer`, `x-api-key` or `x-goog-api-key`.",
    );
  }
  const account = deps.keys.findAccount(ANONYMOUS_ACCOUNT_ID) ?? anonymousAccount(access);
  const subject = `ip:${limitAddress(peer())}`;
  const base = principal(access, {
    account,
    key: null,
    bearer: "anonymous",
    wanted: access.anonymous?.tier ?? null,
    subject,
  });
  if (access.anonymous === null) return base;
  const { limits, models } = access.anonymous;
  return { ...base, limits, modelGlobs: withList(base.modelGlobs, models) };
}

const anonymousAccount = (access: Access): AccountRecord =>
  newAccount("Anonymous callers", 0, { id: ANONYMOUS_ACCOUNT_ID, tier: access.anonymous?.tier ?? null });

function keyPrincipal(access: Access, key: KeyRecord, account: AccountRecord): Principal {
  const bearer = key.kind === "admin" ? "user" : key.kind;
  const base = principal(access, { account, key, bearer, wanted: account.tier, subject: account.id });
  const modelGlobs = withList(base.modelGlobs, key.models);
  if (key.limits === null) return { ...base, modelGlobs };
  const limits = { ...base.limits, ...key.limits };
  return {
    ...base,
    modelGlobs,
    limits,
    sharedRequestsPerMinute: larger(base.limits.requestsPerMinute, limits.requestsPerMinute),
  };
}

/** The larger of two limits, where 0 means none. */
const larger = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.max(a, b));

const withList = (lists: Principal["modelGlobs"], more: readonly string[]): Principal["modelGlobs"] =>
  more.length === 0 ? lists : [...lists, more];

interface Who {
  account: AccountRecord;
  key: KeyRecord | null;
  bearer: Principal["bearer"];
  /** Tier that the account or token names. */
  wanted: string | null;
  subject: string;
}

function principal(access: Access, who: Who): Principal {
  const tier = chooseTier(access, who.wanted, who.bearer);
  const limits: Limits = tier?.limits ?? access.limits;
  return {
    account: who.account,
    key: who.key,
    bearer: who.bearer,
    tier: tier?.name ?? who.wanted ?? access.defaultTier,
    limits,
    modelGlobs: tier === null || tier.models.length === 0 ? [] : [tier.models],
    limitSubject: who.subject,
  };
}

/** The tier that is named, if it takes this kind of bearer; else the first one that does; else the default. */
function chooseTier(access: Access, wanted: string | null, bearer: Principal["bearer"]): Tier | null {
  const named = wanted === null ? undefined : access.tiers.get(wanted);
  if (named !== undefined && (named.bearers.length === 0 || named.bearers.includes(bearer))) return named;
  const fallback = access.tiers.get(access.defaultTier) ?? null;
  if (fallback?.bearers.includes(bearer) === true) return fallback;
  for (const tier of access.tiers.values()) if (tier.bearers.includes(bearer)) return tier;
  return fallback;
}

function activeAccount(account: AccountRecord | null, catalog: Catalog): AccountRecord {
  if (account === null) throw unknownCredential(catalog);
  if (account.status !== "active") {
    throw new GatewayError({ status: 403, code: "forbidden", message: `This account is ${account.status}.` });
  }
  return account;
}

function unknownCredential(catalog: Catalog): GatewayError {
  const code = catalog.access.errorStyle === "wallet" ? "unauthorized" : "invalid_bearer";
  return refused(code, "The API key or token is not known here.");
}

function refused(code: GatewayError["code"], message: string): GatewayError {
  return new GatewayError({ status: 401, code, message, headers: { "www-authenticate": "Bearer" } });
}
