import { resolve } from "node:path";
import type { LogLevel } from "./lib/log.ts";

/** What the process was told at its start, by flag or environment. Frozen; the catalog holds all the rest. */
export interface Config {
  readonly host: string;
  /** 0 = pick a free one. */
  readonly port: number;
  readonly dataDir: string;
  /** Null = the built-in default catalog (or `profile`). */
  readonly catalogFile: string | null;
  /** Name of a built-in profile. */
  readonly profile: string | null;
  readonly adminToken: string | null;
  /** Master secret; null = the `secret` file of the data folder. */
  readonly secret: string | null;
  /** What customers' provider keys are sealed under; null = the master secret. */
  readonly providerKeySecret: string | null;
  /** What they were sealed under before, until all are sealed anew. */
  readonly oldProviderKeySecret: string | null;
  /** What Stripe signs its webhooks with (`whsec_…`); null = payments are not taken. */
  readonly paymentSecret: string | null;
  readonly logLevel: LogLevel;
  /** ms that running calls get at shutdown. */
  readonly shutdownGraceMs: number;
}

export interface Flags {
  host?: string | undefined;
  port?: string | undefined;
  dataDir?: string | undefined;
  catalog?: string | undefined;
  profile?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

const isLogLevel = (text: string): text is LogLevel => LOG_LEVELS.some((level) => level === text);

/** Flags over environment over defaults; an empty variable counts as unset. Throws Error with one line that says what is wrong. */
export function readConfig(flags: Flags, env: Environment): Config {
  const variable = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const portText = flags.port ?? variable("TOLLGATE_PORT") ?? "8080";
  const port = Number(portText);
  if (!/^[0-9]{1,5}$/.test(portText) || port > 65535) throw new Error(`port must be 0 to 65535, not ${portText}`);
  const level = variable("TOLLGATE_LOG_LEVEL") ?? "info";
  if (!isLogLevel(level)) throw new Error(`TOLLGATE_LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}, not ${level}`);
  const graceText = variable("TOLLGATE_SHUTDOWN_GRACE_MS") ?? "30000";
  if (!/^[0-9]{1,9}$/.test(graceText)) {
    throw new Error(`TOLLGATE_SHUTDOWN_GRACE_MS must be a number of milliseconds, not ${graceText}`);
  }
  if (flags.catalog !== undefined && flags.profile !== undefined) {
    throw new Error("--catalog and --profile exclude each other");
  }
  const profile = flags.profile ?? null;
  const catalogFile = profile === null ? (flags.catalog ?? variable("TOLLGATE_CATALOG")) : undefined;
  return Object.freeze({
    host: flags.host ?? variable("TOLLGATE_HOST") ?? "127.0.0.1",
    port,
    dataDir: resolve(flags.dataDir ?? variable("TOLLGATE_DATA_DIR") ?? "./data"),
    catalogFile: catalogFile === undefined ? null : resolve(catalogFile),
    profile,
    adminToken: variable("TOLLGATE_ADMIN_TOKEN") ?? null,
    secret: variable("TOLLGATE_SECRET") ?? null,
    providerKeySecret: variable("TOLLGATE_PROVIDER_KEY_SECRET") ?? null,
    oldProviderKeySecret: variable("TOLLGATE_PROVIDER_KEY_SECRET_OLD") ?? null,
    paymentSecret: variable("TOLLGATE_STRIPE_WEBHOOK_SECRET") ?? null,
    logLevel: level,
    shutdownGraceMs: Number(graceText),
  });
}
