import { NO_DETAILS } from "../../src/accounting/invoice-document.ts";
import { Invoicing } from "../../src/accounting/invoicing.ts";
import { AuditSinks } from "../../src/audit/sinks.ts";
import { loadCatalog } from "../../src/catalog/load.ts";
import type { Catalog } from "../../src/catalog/types.ts";
import type { Dialect, RenderedError } from "../../src/dialects/dialect.ts";
import { JwtVerifier } from "../../src/gates/jwt.ts";
import { digestKey, mintKey } from "../../src/gates/keys.ts";
import { type ProviderKeyRecord, ProviderKeys } from "../../src/gates/provider-keys.ts";
import { KeyRing } from "../../src/lib/key-ring.ts";
import { RateLimiter } from "../../src/gates/limits.ts";
import type { AccountRecord, KeyRecord, KeyStore } from "../../src/gates/types.ts";
import type { InferenceCall } from "../../src/gateway/types.ts";
import { createHttpApp, type HttpApp } from "../../src/http/app.ts";
import { DEFAULT_HTTP_SETTINGS, type HttpDeps } from "../../src/http/deps.ts";
import type { AuditFilter } from "../../src/audit/filter.ts";
import type { IdempotencyRecord } from "../../src/http/ports.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import { GatewayError } from "../../src/ir/error.ts";
import type { AccountTerms, Balance, CreditRequest, LedgerAdmin, Receipt } from "../../src/ledger/types.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import type { Nano } from "../../src/lib/money.ts";

export const PEPPER = new Uint8Array(32).fill(7);
export const ADMIN_TOKEN = "admin-token-of-the-tests";

export class TestClock implements Clock {
  wall = Date.parse("2026-11-21T10:00:00Z");
  steady = 1_000_000;
  now(): number {
    return this.wall;
  }
  monotonic(): number {
    return this.steady;
  }
  pass(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}

export const CATALOG_TEXT = `
brand: {name: Tollgate, header_prefix: X-Tollgate, extension: tollgate, key_prefix: "tg-"}
billing: {currency: USD, fx: {USD: 1}, markup_percent: 30}
access: {auth: required, limits: {requests_per_minute: 200}}
providers:
  openai: {kind: openai, base_url: "https://api.openai.com/v1"}
  anthropic: {kind: anthropic, base_url: "https://api.anthropic.com"}
  google: {kind: gemini, base_url: "https://generativelanguage.googleapis.com"}
models:
  - {id: gpt-5, provider: openai, context: 400000, max_output: 128000, capabilities: [tools], price: {input: 1.25, cached_input: 0.125, output: 10.00, modifiers: {flex: 0.5}}}
  - {id: claude-haiku-4-5, provider: anthropic, context: 200000, max_output: 64000, price: {input: 1.00, output: 5.00}}
  - {id: gemini-pro, provider: google, context: 1000000, price: {input: 1.25, output: 5.00}}
  - {id: lab/tiny, provider: openai, context: 8000, price: {input: 0.075, output: 0.30}}
aliases: {gpt: gpt-5, gpt-flex: {to: gpt-5, service_tier: flex}}
`;

export function catalogOf(text: string): Catalog {
  const loaded = loadCatalog(text, { file: "test.yaml", env: {} });
  if (!loaded.ok) throw new Error(loaded.problems.map((problem) => JSON.stringify(problem)).join("\n"));
  return loaded.catalog;
}

export class MemoryKeys implements KeyStore {
  readonly keys = new Map<string, KeyRecord>();
  readonly accounts = new Map<string, AccountRecord>();
  lookups = 0;
  findByDigest(digest: string): KeyRecord | null {
    this.lookups += 1;
    return [...this.keys.values()].find((key) => key.digest === digest) ?? null;
  }
  findKey(id: string): KeyRecord | null {
    return this.keys.get(id) ?? null;
  }
  listKeys(accountId: string): KeyRecord[] {
    return [...this.keys.values()].filter((key) => key.accountId === accountId);
  }
  async insertKey(key: KeyRecord): Promise<void> {
    this.keys.set(key.id, key);
  }
  async updateKey(id: string, change: Partial<KeyRecord>): Promise<KeyRecord | null> {
    const key = this.keys.get(id);
    if (key === undefined) return null;
    const updated = { ...key, ...change };
    this.keys.set(id, updated);
    return updated;
  }
  touchKey(id: string, at: number): void {
    const key = this.keys.get(id);
    if (key !== undefined) this.keys.set(id, { ...key, lastUsedAt: at });
  }
  findAccount(id: string): AccountRecord | null {
    return this.accounts.get(id) ?? null;
  }
  listAccounts(): AccountRecord[] {
    return [...this.accounts.values()];
  }
  async insertAccount(account: AccountRecord): Promise<void> {
    this.accounts.set(account.id, account);
  }
  async updateAccount(id: string, change: Partial<AccountRecord>): Promise<AccountRecord | null> {
    const account = this.accounts.get(id);
    if (account === undefined) return null;
    const updated = { ...account, ...change };
    this.accounts.set(id, updated);
    return updated;
  }
}

export class FakeLedger implements LedgerAdmin {
  readonly balances = new Map<string, Nano>();
  readonly receipts = new Map<string, Receipt>();
  readonly credits: CreditRequest[] = [];
  up = true;
  async credit(request: CreditRequest): Promise<Balance> {
    this.credits.push(request);
    this.balances.set(request.accountId, (this.balances.get(request.accountId) ?? 0n) + request.amount);
    return this.balance(request.accountId);
  }
  async balance(accountId: string): Promise<Balance> {
    const wallet = this.balances.get(accountId) ?? 0n;
    return {
      accountId,
      currency: "USD",
      wallet,
      grants: 0n,
      held: 0n,
      available: wallet,
      spentThisMonth: 1n,
      receivable: 0n,
    };
  }
  async receipt(requestId: string): Promise<Receipt | null> {
    return this.receipts.get(requestId) ?? null;
  }
  async keySpend(): Promise<Nano> {
    return 0n;
  }
  healthy(): boolean {
    return this.up;
  }
  readonly agreed = new Map<string, AccountTerms>();
  terms(accountId: string): AccountTerms {
    return this.agreed.get(accountId) ?? { accountId, subscription: null, creditLimit: null, lowBalance: null };
  }
  async setTerms(terms: AccountTerms): Promise<void> {
    this.agreed.set(terms.accountId, terms);
  }
  openCalls(): number {
    return 0;
  }
  async refund(): Promise<Balance> {
    throw new GatewayError({ status: 404, code: "not_found", message: "No such call was charged." });
  }
  sweep(): never {
    throw new Error("not in these tests");
  }
  reserve(): never {
    throw new Error("not in these tests");
  }
  checkpoint(): never {
    throw new Error("not in these tests");
  }
  settle(): never {
    throw new Error("not in these tests");
  }
  void(): never {
    throw new Error("not in these tests");
  }
  async record(): Promise<void> {
    return;
  }
}

/** Renders errors so that a test can see which dialect did it; everything else of a dialect is the gateway's business. */
function namedDialect(id: DialectId): Dialect {
  const renderError = (error: GatewayError, requestId: string): RenderedError => ({
    status: error.status,
    headers: {},
    body: {
      dialect: id,
      error: { code: error.code, message: error.message, param: error.param, details: error.details },
      request_id: requestId,
    },
  });
  return { id, renderError } as unknown as Dialect;
}

function noInvoices(ledger: LedgerAdmin, clock: Clock): Invoicing {
  const { invoice: terms } = catalogOf(CATALOG_TEXT).billing;
  return new Invoicing({
    store: {
      details: () => NO_DETAILS,
      putDetails: () => Promise.resolve(),
      openHolds: () => 0,
      chargedIn: () => [],
      issue: () => Promise.resolve(),
      ofMonth: () => null,
      byNumber: () => null,
      ofCreditNote: () => null,
      noteOfKey: () => null,
      list: () => [],
      leftOfCall: () => null,
      hasCredit: () => false,
    },
    invoice: () => null,
    ledger,
    clock,
    terms: () => terms,
    currency: () => "USD",
    timezone: () => "UTC",
  });
}

export interface TestBed {
  app: HttpApp;
  deps: HttpDeps;
  clock: TestClock;
  keys: MemoryKeys;
  ledger: FakeLedger;
  calls: InferenceCall[];
  logged: string[];
  /** Adds a key and gives its plaintext. */
  addKey(change?: Partial<KeyRecord>): { key: string; id: string };
  send(
    method: string,
    path: string,
    options?: { key?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>;
}

export function testBed(options: { catalog?: string; deps?: Partial<HttpDeps> } = {}): TestBed {
  const clock = new TestClock();
  const keys = new MemoryKeys();
  const ledger = new FakeLedger();
  const calls: InferenceCall[] = [];
  const logged: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`),
    error: (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`),
  };
  const catalog = catalogOf(options.catalog ?? CATALOG_TEXT);
  const used = new Map<string, IdempotencyRecord>();
  const caps = new Map<string, Nano>();
  const deps: HttpDeps = {
    catalog: () => catalog,
    dialects: {
      "openai-chat": namedDialect("openai-chat"),
      "openai-responses": namedDialect("openai-responses"),
      "anthropic-messages": namedDialect("anthropic-messages"),
      gemini: namedDialect("gemini"),
    },
    gateway: {
      handle: async (call) => {
        calls.push(call);
        return Response.json({ ok: true, body: await call.request.text() });
      },
    },
    ledger,
    keys,
    pepper: PEPPER,
    jwt: new JwtVerifier({ clock, log, fetchText: () => Promise.reject(new Error("no network in tests")) }),
    callCaps: {
      get: (account, model) => caps.get(`${account} ${model}`) ?? null,
      set: async (account, model, cap) => {
        if (cap === null) caps.delete(`${account} ${model}`);
        else caps.set(`${account} ${model}`, cap);
      },
    },
    providerKeys: memoryProviderKeys(clock, log),
    sinks: noSinks(clock, log),
    invoicing: noInvoices(ledger, clock),
    archive: {
      calls: async function* () {},
      entries: async function* () {},
      credits: () => [],
      grants: () => [],
      responses: () => [],
    },
    erasure: {
      erasedAt: () => null,
      erase: () => Promise.resolve({ records: 0, credits: 0, invoices: 0, storedResponses: 0 }),
    },
    accounting: {
      providerCosts: () => Promise.resolve([]),
      keepReconciliation: () => Promise.resolve(),
      reconciliations: () => [],
      margin: () => Promise.resolve(null),
    },
    retention: { prune: () => Promise.resolve({ calls: 0, anchor: null }) },
    audit: {
      page: async (_filter: AuditFilter) => ({ records: [] as JsonObject[], nextCursor: null }),
      usage: async () => [],
    },
    health: {
      available: () => true,
      begin: () => undefined,
      succeed: () => undefined,
      fail: () => undefined,
      release: () => undefined,
      cool: () => undefined,
      disable: () => undefined,
      retryAt: () => null,
      snapshot: () => [],
      reset: () => undefined,
    },
    limiter: new RateLimiter(clock),
    idempotency: {
      find: (subject, key) => used.get(`${subject} ${key}`) ?? null,
      insert: async (record) => {
        const id = `${record.subject} ${record.key}`;
        if (used.has(id)) return false;
        used.set(id, record);
        return true;
      },
      remove: async (subject, key) => void used.delete(`${subject} ${key}`),
    },
    responses: null,
    adminDigest: digestKey(PEPPER, ADMIN_TOKEN),
    reload: async () => ({ ok: true, version: "v2", warnings: [] }),
    readiness: () => ({ ready: true, reasons: [] }),
    inFlight: () => 0,
    dashboard: async () => [
      { path: "", contentType: "text/html", body: "<!doctype html><title>t</title>" },
      { path: "app.js", contentType: "text/javascript", body: "1;" },
    ],
    version: "0.0.0",
    clock,
    log,
    settings: DEFAULT_HTTP_SETTINGS,
    ...options.deps,
  };
  keys.accounts.set("acc_1", account("acc_1"));
  keys.accounts.set("acc_2", account("acc_2"));
  const app = createHttpApp(deps);
  const addKey = (change: Partial<KeyRecord> = {}) => {
    const minted = mintKey("tg-", PEPPER);
    const id = change.id ?? `key_${keys.keys.size + 1}`;
    keys.keys.set(id, { ...plainKey(id), digest: minted.digest, display: minted.display, ...change });
    return { key: minted.key, id };
  };
  const send: TestBed["send"] = (method, path, init = {}) => {
    const headers: Record<string, string> = { ...init.headers };
    if (init.key !== undefined) headers["authorization"] = `Bearer ${init.key}`;
    const body =
      init.body === undefined ? undefined : typeof init.body === "string" ? init.body : JSON.stringify(init.body);
    if (body !== undefined) headers["content-type"] ??= "application/json";
    return app.fetch(
      new Request(`http://localhost${path}`, { method, headers, ...(body === undefined ? {} : { body }) }),
    );
  };
  return { app, deps, clock, keys, ledger, calls, logged, addKey, send };
}

function noSinks(clock: Clock, log: HttpDeps["log"]): AuditSinks {
  return new AuditSinks({
    store: {
      list: () => [],
      find: () => null,
      put: async () => undefined,
      advance: async () => undefined,
      remove: async () => false,
    },
    records: { recordsAfter: () => [], lastPosition: () => 0 },
    post: () => Promise.reject(new Error("no network in tests")),
    settings: () => ({ thread: null, headerPrefix: "X-Tollgate", allowPrivate: false }),
    key: PEPPER,
    clock,
    log,
  });
}

function memoryProviderKeys(clock: Clock, log: HttpDeps["log"]): ProviderKeys {
  let records: ProviderKeyRecord[] = [];
  const store = {
    list: (accountId: string) => records.filter((record) => record.accountId === accountId),
    all: () => records,
    insert: async (record: ProviderKeyRecord) => void records.push(record),
    replace: async (changed: readonly ProviderKeyRecord[]) => {
      records = records.map((record) => changed.find(({ id }) => id === record.id) ?? record);
    },
    remove: async (id: string, accountId: string) => {
      const before = records.length;
      records = records.filter((record) => record.id !== id || record.accountId !== accountId);
      return records.length < before;
    },
  };
  return new ProviderKeys({ store, ring: new KeyRing(PEPPER), clock, log });
}

export function account(id: string): AccountRecord {
  return {
    id,
    name: id,
    tier: null,
    status: "active",
    monthlyCap: null,
    markupPercent: null,
    ownProvidersOnly: false,
    createdAt: 0,
  };
}

function plainKey(id: string): KeyRecord {
  return {
    id,
    accountId: "acc_1",
    kind: "user",
    name: "",
    digest: "",
    display: "",
    models: [],
    monthlyCap: null,
    limits: null,
    strict: false,
    createdAt: 0,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
  };
}
