import type { Problems } from "./problems.ts";
import { nearestNames } from "./nearest.ts";
import type { RawCatalog, RawLimits } from "./schema.ts";
import type { Access, Limits, Tier } from "./types.ts";

type RawAccess = NonNullable<RawCatalog["access"]>;

/** Default limits of the product: 200 calls a minute and account; 5 a minute and 100 messages a day for anonymous callers. */
const DEFAULT_LIMITS: Limits = { requestsPerMinute: 200, messagesPerDay: 0 };
const ANONYMOUS_LIMITS: Limits = { requestsPerMinute: 5, messagesPerDay: 100 };

const limits = (raw: RawLimits | undefined, base: Limits): Limits => ({
  requestsPerMinute: raw?.requests_per_minute ?? base.requestsPerMinute,
  messagesPerDay: raw?.messages_per_day ?? base.messagesPerDay,
});

/** Who may call, under which tier and limits. Tiers that the file leaves out are one `standard` tier on the wallet. */
export function buildAccess(raw: RawAccess | undefined, problems: Problems): Access {
  const auth = raw?.auth ?? "required";
  const base = limits(raw?.limits, DEFAULT_LIMITS);
  const anonymous = buildAnonymous(raw, auth, base);
  const tiers = buildTiers(raw, base, anonymous);
  const defaultTier = raw?.default_tier ?? [...tiers.keys()].find((name) => name !== anonymous?.tier) ?? "standard";
  if (!tiers.has(defaultTier)) {
    const [nearest] = nearestNames(defaultTier, tiers.keys(), 1);
    const fix = nearest === undefined ? "add it under access.tiers" : `did you mean ${JSON.stringify(nearest)}?`;
    problems.add(["access", "default_tier"], `no tier is called ${JSON.stringify(defaultTier)}; ${fix}`);
  }
  return {
    auth,
    limits: base,
    anonymous,
    tiers,
    defaultTier,
    corsOrigins: raw?.cors_origins ?? [],
    trustedProxies: raw?.trusted_proxies ?? [],
    jwt: buildJwt(raw?.jwt, problems),
    errorStyle: raw?.error_style ?? "default",
  };
}

/** `auth: optional` alone means: anyone may call, every model, under the general limits. */
function buildAnonymous(raw: RawAccess | undefined, auth: Access["auth"], base: Limits): Access["anonymous"] {
  const given = raw?.anonymous;
  if (given === undefined) {
    return auth === "optional" ? { tier: "anonymous", models: [], limits: base } : null;
  }
  const direct: RawLimits = {
    ...(given.requests_per_minute === undefined ? {} : { requests_per_minute: given.requests_per_minute }),
    ...(given.messages_per_day === undefined ? {} : { messages_per_day: given.messages_per_day }),
  };
  return {
    tier: given.tier ?? "anonymous",
    models: given.models ?? [],
    limits: limits(direct, limits(given.limits, ANONYMOUS_LIMITS)),
  };
}

function buildTiers(raw: RawAccess | undefined, base: Limits, anonymous: Access["anonymous"]): Map<string, Tier> {
  const tiers = new Map<string, Tier>();
  for (const [name, tier] of Object.entries(raw?.tiers ?? {})) {
    tiers.set(name, {
      name,
      models: tier.models ?? [],
      limits: limits(tier.limits, base),
      charge: tier.charge ?? "wallet",
      bearers: tier.bearers ?? ["instance", "user", "self-host", "jwt"],
    });
  }
  if (tiers.size === 0) {
    const bearers = ["instance", "user", "self-host", "jwt"] as const;
    tiers.set("standard", { name: "standard", models: [], limits: base, charge: "wallet", bearers });
  }
  if (anonymous !== null && !tiers.has(anonymous.tier)) {
    const { tier: name, models } = anonymous;
    tiers.set(name, { name, models, limits: anonymous.limits, charge: "free", bearers: ["anonymous"] });
  }
  return tiers;
}

function buildJwt(raw: RawAccess["jwt"], problems: Problems): Access["jwt"] {
  if (raw === undefined) return null;
  const given = (text: string | undefined): string | null => (text === undefined || text === "" ? null : text);
  const [secret, file, url] = [given(raw.secret), given(raw.jwks_file), given(raw.jwks_url)];
  if (secret === null && file === null && url === null) return null;
  const usable = (name: string): boolean => (name.startsWith("HS") ? secret !== null : file !== null || url !== null);
  const algorithms = (raw.algorithms ?? ["HS256", "RS256", "ES256", "EdDSA"]).filter(usable);
  if (algorithms.length === 0) {
    const fix = secret === null ? "HS256 needs jwt.secret" : "RS, PS, ES and EdDSA need jwks_file or jwks_url";
    problems.add(["access", "jwt", "algorithms"], `none of them can be verified: ${fix}`);
  }
  return {
    algorithms,
    secret,
    jwksFile: file,
    jwksUrl: url,
    issuer: given(raw.issuer),
    audience: given(raw.audience),
    accountClaim: raw.account_claim ?? "sub",
    tierClaim: raw.tier_claim ?? null,
  };
}
