import type { Invoicing } from "../accounting/invoicing.ts";
import type { AccountingStore } from "../accounting/port.ts";
import type { AuditSinks } from "../audit/sinks.ts";
import type { Catalog } from "../catalog/types.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { AuthenticateDeps } from "../gates/authenticate.ts";
import type { ProviderKeys } from "../gates/provider-keys.ts";
import type { RateLimiter } from "../gates/limits.ts";
import type { KeyStore } from "../gates/types.ts";
import { DEFAULT_GATEWAY_SETTINGS } from "../gateway/deps.ts";
import type { Gateway } from "../gateway/types.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import type { LedgerAdmin } from "../ledger/types.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { ResponseStore } from "../responses/port.ts";
import type { Health } from "../routing/types.ts";
import type {
  AccountArchive,
  AccountErasure,
  Asset,
  AuditReader,
  CallRetention,
  CallCapStore,
  IdempotencyStore,
  Readiness,
  ReloadResult,
} from "./ports.ts";

/** Everything that the HTTP layer is made of. Built once in app.ts. */
export interface HttpDeps extends AuthenticateDeps {
  catalog(): Catalog;
  dialects: Readonly<Record<DialectId, Dialect>>;
  gateway: Gateway;
  ledger: LedgerAdmin;
  keys: KeyStore;
  callCaps: CallCapStore;
  providerKeys: ProviderKeys;
  sinks: AuditSinks;
  audit: AuditReader;
  invoicing: Invoicing;
  archive: AccountArchive;
  erasure: AccountErasure;
  accounting: AccountingStore;
  retention: CallRetention;
  health: Health;
  limiter: RateLimiter;
  idempotency: IdempotencyStore;
  /** Null when this build stores no responses. */
  responses: ResponseStore | null;
  /** `digestKey(pepper, admin token)`. */
  adminDigest: string;
  /** Reads the catalog anew; a broken one is refused and the running one stays. */
  reload(): Promise<ReloadResult>;
  readiness(): Readiness;
  /** Calls under way, for the metrics. */
  inFlight(): number;
  /** Files of the dashboard by name; the page itself has the name "". */
  dashboard(): Promise<readonly Asset[]>;
  version: string;
  /** What the payment provider signs its webhooks with; null or left out = payments are not taken. */
  paymentSecret?: string | null;
  clock: Clock;
  log: Logger;
  settings: HttpSettings;
}

export interface HttpSettings {
  /** Most bytes of an inference body, decoded. */
  maxBodyBytes: number;
  /** Most bytes of a body at the management routes. */
  maxManagementBytes: number;
  /** Bytes of finished answers that are kept for repeats with the same Idempotency-Key. */
  replayBytes: number;
}

export const DEFAULT_HTTP_SETTINGS: HttpSettings = {
  maxBodyBytes: DEFAULT_GATEWAY_SETTINGS.maxBodyBytes,
  maxManagementBytes: 256 * 1024,
  replayBytes: 64 * 1024 * 1024,
};
