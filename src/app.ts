import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { CatalogHolder } from "./catalog-holder.ts";
import type { Config } from "./config.ts";
import { dashboardFiles } from "./dashboard/assets.ts";
import { DIALECTS } from "./dialects/index.ts";
import { JwtVerifier } from "./gates/jwt.ts";
import { digestKey, mintKey } from "./gates/keys.ts";
import { ProviderKeys } from "./gates/provider-keys.ts";
import { RateLimiter } from "./gates/limits.ts";
import { DEFAULT_GATEWAY_SETTINGS } from "./gateway/deps.ts";
import { Exchange } from "./gateway/exchange.ts";
import { createTokens } from "./gateway/tokens.ts";
import { createHttpApp, type HttpApp } from "./http/app.ts";
import { DEFAULT_HTTP_SETTINGS } from "./http/deps.ts";
import type { ReloadResult } from "./http/ports.ts";
import { BookLedger } from "./ledger/ledger.ts";
import { systemClock } from "./lib/clock.ts";
import { newId } from "./lib/ids.ts";
import type { Logger } from "./lib/log.ts";
import { deriveKey } from "./lib/secrets.ts";
import { createEchoSender } from "./providers/echo.ts";
import { ConversationMemory } from "./responses/memory.ts";
import { RetryBudget } from "./routing/failover.ts";
import { BreakerHealth } from "./routing/health.ts";
import { ADMIN_TOKEN_FILE, SECRET_FILE } from "./store/files.ts";
import { openStore, type Store } from "./store/open.ts";
import { fetchPublicText } from "./gates/public-fetch.ts";
import { createSender } from "./upstream/sender.ts";

/** What a first start made, to be shown once. */
export interface FirstStart {
  key: string;
  /** Null when the operator has set the token. */
  adminToken: string | null;
  adminTokenFile: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const usesProxy = (env: Environment): boolean =>
  ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => (env[name] ?? "") !== "");

/** A key set is small, and a provider of one is quick. */
const JWKS_LIMITS = { maxBytes: 1024 * 1024, timeoutMs: 10_000 };

/** A whole gateway without a port. */
export interface App extends HttpApp {
  firstStart: FirstStart | null;
  reload(): Promise<ReloadResult>;
  /** Refuses new calls and waits for the running ones, at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The composition root: reads the catalog, opens the data folder, settles what an earlier process left open, and puts the parts together. Throws Error
 * with a message for the operator.
 */
export async function openApp(config: Config, env: Environment, log: Logger): Promise<App> {
  const catalogs = new CatalogHolder(config, env, log);
  const clock = systemClock;
  const currency = (): string => catalogs.current.billing.currency;
  const store = openStore(config.dataDir, { log, currency, now: () => clock.now() });
  try {
    return await compose(config, env, catalogs, store, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function compose(
  config: Config,
  env: Environment,
  catalogs: CatalogHolder,
  store: Store,
  log: Logger,
): Promise<App> {
  const clock = systemClock;
  const catalog = () => catalogs.current;
  const secret = config.secret ?? readOrMake(join(config.dataDir, SECRET_FILE)).text;
  const admin = config.adminToken === null ? readOrMake(join(config.dataDir, ADMIN_TOKEN_FILE)) : null;
  const pepper = deriveKey(secret, "key-pepper");
  const ledger = new BookLedger({
    storage: store.ledger,
    clock,
    log,
    currency: () => catalog().billing.currency,
    timezone: () => catalog().billing.timezone,
    newId,
  });
  const recovered = await ledger.recover();
  if (recovered > 0) log.warn("settled calls that an earlier process left open", { calls: recovered });
  const health = new BreakerHealth({ settings: () => catalog().routing.breaker, random: Math.random });
  const limiter = new RateLimiter(clock);
  const echo = createEchoSender(clock);
  const network = createSender({ useProxy: usesProxy(env) });
  const providerKeys = new ProviderKeys({ store: store.providerKeys, key: deriveKey(secret, "byok"), clock, log });
  const gateway: Exchange = new Exchange({
    catalog,
    ledger,
    senderFor: (provider) => (provider.kind === "echo" ? echo : network),
    health,
    tokens: createTokens((name) => catalog().providers.get(name)?.realm ?? name),
    credentials: (provider, principal) => providerKeys.credentials(provider, principal.account.id, catalog()),
    callCap: (accountId, modelId) => store.callCaps.get(accountId, modelId),
    takeRate: (principal) => limiter.take(principal),
    retryBudget: new RetryBudget(() => gateway.inFlight),
    conversations: new ConversationMemory(clock),
    responses: store.responses,
    sealKey: deriveKey(secret, "seals"),
    clock,
    random: Math.random,
    log,
    settings: DEFAULT_GATEWAY_SETTINGS,
  });
  const adminToken = config.adminToken ?? admin?.text ?? "";
  const reload = (): Promise<ReloadResult> => {
    const result = catalogs.reload();
    if (result.ok) health.reset();
    return Promise.resolve(result);
  };
  const http = createHttpApp({
    catalog,
    dialects: DIALECTS,
    gateway,
    ledger,
    keys: store.accounts,
    pepper,
    jwt: new JwtVerifier({ clock, log, fetchText: (url) => fetchPublicText(url, JWKS_LIMITS) }),
    callCaps: store.callCaps,
    providerKeys,
    audit: store.audit,
    health,
    limiter,
    idempotency: store.idempotency,
    responses: store.responses,
    adminDigest: digestKey(pepper, adminToken),
    reload,
    readiness: () =>
      ledger.healthy() ? { ready: true, reasons: [] } : { ready: false, reasons: ["the ledger can't be written"] },
    inFlight: () => gateway.inFlight,
    dashboard: dashboardFiles,
    version: manifest.version,
    clock,
    log,
    settings: DEFAULT_HTTP_SETTINGS,
  });
  const firstStart = await makeFirstKey(store, catalogs, pepper, {
    adminToken: admin?.made === true ? admin.text : null,
    adminTokenFile: join(config.dataDir, ADMIN_TOKEN_FILE),
  });
  return {
    ...http,
    firstStart,
    reload,
    drain: (graceMs) => gateway.shutDown(graceMs),
    close: () => store.close(),
  };
}

/** A random text kept in a 0600 file of the data folder, made when it isn't there. */
function readOrMake(path: string): { text: string; made: boolean } {
  if (existsSync(path)) return { text: readFileSync(path, "utf8").trim(), made: false };
  const text = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  writeFileSync(path, `${text}\n`, { mode: 0o600, flag: "wx" });
  chmodSync(path, 0o600);
  return { text, made: true };
}

/** The first start makes an account and a key that reaches the built-in echo model only, so that the first call can't cost anything. */
async function makeFirstKey(
  store: Store,
  catalogs: CatalogHolder,
  pepper: Uint8Array,
  admin: { adminToken: string | null; adminTokenFile: string },
): Promise<FirstStart | null> {
  if (store.accounts.listAccounts().length > 0) return null;
  const now = systemClock.now();
  const account = {
    id: newId("acct"),
    name: "default",
    tier: null,
    status: "active" as const,
    monthlyCap: null,
    markupPercent: null,
    ownProvidersOnly: false,
    createdAt: now,
  };
  await store.accounts.insertAccount(account);
  const minted = mintKey(catalogs.current.brand.keyPrefix, pepper);
  await store.accounts.insertKey({
    id: newId("key"),
    accountId: account.id,
    kind: "user",
    name: "first key",
    digest: minted.digest,
    display: minted.display,
    models: ["echo"],
    monthlyCap: null,
    limits: null,
    strict: false,
    createdAt: now,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
  });
  return { key: minted.key, ...admin };
}

/** The admin API of a data folder that no server has open, for the command line. */
export async function openOffline(
  config: Config,
  log: Logger,
): Promise<{ fetch(request: Request): Promise<Response>; close(): Promise<void> }> {
  const app = await openApp(config, process.env, log);
  return { fetch: (request) => app.adminFetch(request), close: () => app.close() };
}
