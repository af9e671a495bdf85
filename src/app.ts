import { Invoicing } from "./accounting/invoicing.ts";
import { AuditSinks } from "./audit/sinks.ts";
import { join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { CatalogHolder } from "./catalog-holder.ts";
import type { Config } from "./config.ts";
import { dashboardFiles } from "./dashboard/assets.ts";
import { DIALECTS } from "./dialects/index.ts";
import { FIRST_MODEL, type FirstStart, makeFirstKey, readOrMakeSecret } from "./first-start.ts";
import { JwtVerifier } from "./gates/jwt.ts";
import { digestKey } from "./gates/keys.ts";
import { ProviderKeys } from "./gates/provider-keys.ts";
import { RateLimiter } from "./gates/limits.ts";
import { DEFAULT_GATEWAY_SETTINGS } from "./gateway/deps.ts";
import { Exchange } from "./gateway/exchange.ts";
import { createTokens } from "./gateway/tokens.ts";
import { createHttpApp, type HttpApp } from "./http/app.ts";
import { DEFAULT_HTTP_SETTINGS } from "./http/deps.ts";
import type { ReloadResult } from "./http/ports.ts";
import { LowBalanceAlerts } from "./ledger/alerts.ts";
import { BookLedger } from "./ledger/ledger.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import type { Logger } from "./lib/log.ts";
import { formatNano } from "./lib/money.ts";
import { KeyRing } from "./lib/key-ring.ts";
import { deriveKey } from "./lib/secrets.ts";
import { createEchoSender } from "./providers/echo.ts";
import { ConversationMemory } from "./responses/memory.ts";
import { RetryBudget } from "./routing/failover.ts";
import { BreakerHealth } from "./routing/health.ts";
import { ADMIN_TOKEN_FILE, SECRET_FILE } from "./store/files.ts";
import { openStore, type Store } from "./store/open.ts";
import { fetchPublicText, postPublic } from "./gates/public-fetch.ts";
import { usesProxy } from "./upstream/proxy.ts";
import { createSender } from "./upstream/sender.ts";
import { Upkeep } from "./upkeep.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A key set is small, and a provider of one is quick. */
const JWKS_LIMITS = { maxBytes: 1024 * 1024, timeoutMs: 10_000 };

/** ms between two looks at what is to be pushed. */
const PUSH_EVERY_MS = 1_000;
const PUSH_LIMITS = { maxBytes: 1024, timeoutMs: 10_000 };

/** A whole gateway without a port. */
export interface App extends HttpApp {
  /**
   * Makes the first account and key when there is no account yet (null: there is one). To be called once the port is open: what it gives
   * is shown once, so a start that fails must not have made it.
   */
  firstStart(): Promise<FirstStart | null>;
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
  const store = openStore(config.dataDir, {
    log,
    currency,
    timezone: () => catalogs.current.billing.timezone,
    now: () => clock.now(),
  });
  try {
    const secret = config.secret ?? readOrMakeSecret(join(config.dataDir, SECRET_FILE));
    return await compose({ config, env, catalogs, store, log, clock, secret });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What the parts are made from. */
interface Ground {
  config: Config;
  env: Environment;
  catalogs: CatalogHolder;
  store: Store;
  log: Logger;
  clock: Clock;
  /** The master secret. */
  secret: string;
}

async function compose(ground: Ground): Promise<App> {
  const { config, catalogs, store, log, clock, secret } = ground;
  const catalog = () => catalogs.current;
  const madeToken = config.adminToken === null ? readOrMakeSecret(join(config.dataDir, ADMIN_TOKEN_FILE)) : null;
  const pepper = deriveKey(secret, "key-pepper");
  const parts = await createParts(ground);
  const { ledger, health, limiter, providerKeys } = parts;
  const gateway = createGateway(ground, parts);
  const sinks = createSinks(ground);
  const upkeep = new Upkeep({ ledger, store, clock, log });
  const alerts = createAlerts(ground);
  const push = (): void => void Promise.all([sinks.round(), alerts.round()]);
  const pushing = setInterval(push, PUSH_EVERY_MS).unref();
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
    sinks,
    audit: store.audit,
    invoicing: createInvoicing(ground, ledger),
    archive: store.archive,
    erasure: store.erasure,
    accounting: store.accounting,
    retention: store.retention,
    health,
    limiter,
    idempotency: store.idempotency,
    responses: store.responses,
    paymentSecret: config.paymentSecret,
    adminDigest: digestKey(pepper, config.adminToken ?? madeToken ?? ""),
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
  return {
    ...http,
    async firstStart() {
      const key = await makeFirstKey(store.accounts, { pepper, prefix: catalog().brand.keyPrefix, now: clock.now() });
      if (key === null) return null;
      const hasModel = catalog().models.has(FIRST_MODEL);
      return { key, hasModel, adminToken: madeToken, adminTokenFile: join(config.dataDir, ADMIN_TOKEN_FILE) };
    },
    reload,
    drain: (graceMs) => gateway.shutDown(graceMs),
    close() {
      clearInterval(pushing);
      upkeep.stop();
      return store.close();
    },
  };
}

function createInvoicing({ catalogs, store, clock }: Ground, ledger: BookLedger): Invoicing {
  const billing = () => catalogs.current.billing;
  return new Invoicing({
    store: store.issued,
    invoice: (accountId, month) => store.invoices.invoice(accountId, month),
    ledger,
    clock,
    terms: () => billing().invoice,
    currency: () => billing().currency,
    timezone: () => billing().timezone,
  });
}

/** The secret of their own first, if there is one; the master secret always opens what was sealed before there was. */
function providerKeyRing({ providerKeySecret, oldProviderKeySecret }: Config, secret: string): KeyRing {
  const [current = secret, ...older] = [providerKeySecret, oldProviderKeySecret, secret].filter(
    (text) => text !== null,
  );
  return new KeyRing(deriveKey(current, "byok"), ...older.map((text) => deriveKey(text, "byok")));
}

/** Pushes audit records to where their accounts want them. */
function createSinks({ catalogs, store, log, clock, secret }: Ground): AuditSinks {
  return new AuditSinks({
    store: store.sinks,
    records: store.audit,
    post: (url, body, headers, allowPrivate) => postPublic(url, { body, headers }, { ...PUSH_LIMITS, allowPrivate }),
    settings: () => ({
      thread: catalogs.current.features.auditThread ?? null,
      headerPrefix: catalogs.current.brand.headerPrefix,
      allowPrivate: catalogs.current.features.privateSinks === true,
    }),
    key: deriveKey(secret, "sinks"),
    clock,
    log,
  });
}

/** Tells the operator's webhook of low balances. */
function createAlerts({ catalogs, store, log, clock }: Ground): LowBalanceAlerts {
  const allowPrivate = (): boolean => catalogs.current.features.privateSinks === true;
  return new LowBalanceAlerts({
    store: store.alerts,
    webhook: () => catalogs.current.billing.alerts ?? null,
    post: (url, body, headers) => postPublic(url, { body, headers }, { ...PUSH_LIMITS, allowPrivate: allowPrivate() }),
    currency: () => catalogs.current.billing.currency,
    clock,
    log,
  });
}

/** The parts with a state of their own. The ledger has settled what an earlier process left open. */
async function createParts({ config, catalogs, store, log, clock, secret }: Ground) {
  const catalog = () => catalogs.current;
  const ledger = new BookLedger({
    storage: store.ledger,
    clock,
    log,
    currency: () => catalog().billing.currency,
    timezone: () => catalog().billing.timezone,
    onLowBalance: ({ accountId, balance, threshold }) =>
      log.warn("a balance is low", {
        account_id: accountId,
        balance: formatNano(balance),
        threshold: formatNano(threshold),
      }),
  });
  const recovered = await ledger.recover();
  if (recovered > 0) log.warn("settled calls that an earlier process left open", { calls: recovered });
  return {
    ledger,
    health: new BreakerHealth({ settings: () => catalog().routing.breaker, random: Math.random }),
    limiter: new RateLimiter(clock),
    providerKeys: new ProviderKeys({ store: store.providerKeys, ring: providerKeyRing(config, secret), clock, log }),
  };
}

function createGateway(ground: Ground, parts: Awaited<ReturnType<typeof createParts>>): Exchange {
  const { env, catalogs, store, log, clock, secret } = ground;
  const { ledger, health, limiter, providerKeys } = parts;
  const catalog = () => catalogs.current;
  const echo = createEchoSender(clock);
  const network = createSender({ useProxy: usesProxy(env) });
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
    ownership: store.ownership,
    sealKey: deriveKey(secret, "seals"),
    clock,
    random: Math.random,
    log,
    settings: DEFAULT_GATEWAY_SETTINGS,
  });
  return gateway;
}

/** The admin API of a data folder that no server has open, for the command line. */
export async function openOffline(
  config: Config,
  log: Logger,
): Promise<{ fetch(request: Request): Promise<Response>; close(): Promise<void> }> {
  const app = await openApp(config, process.env, log);
  return { fetch: (request) => app.adminFetch(request), close: () => app.close() };
}
