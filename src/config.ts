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
  readonly logLevel: LogLevel;
  /** ms that running calls get at shutdown. */
  readonly shutdownGraceMs: number;
}

export interface Flags {
  host?: string;
  port?: string;
  dataDir?: string;
  catalog?: string;
  profile?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error"];

/** Flags over environment over defaults. Throws Error with one line that says what is wrong. */
export function readConfig(flags: Flags, env: Environment): Config {
  const port = Number(flags.port ?? env["TOLLGATE_PORT"] ?? "8080");
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`port must be 0 to 65535, not ${flags.port ?? env["TOLLGATE_PORT"]}`);
  const level = env["TOLLGATE_LOG_LEVEL"] ?? "info";
  if (!LOG_LEVELS.includes(level)) throw new Error(`TOLLGATE_LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}`);
  const grace = Number(env["TOLLGATE_SHUTDOWN_GRACE_MS"] ?? "30000");
  if (!Number.isFinite(grace) || grace < 0)
    throw new Error("TOLLGATE_SHUTDOWN_GRACE_MS must be a number of milliseconds");
  const catalogFile = flags.catalog ?? env["TOLLGATE_CATALOG"] ?? null;
  const profile = flags.profile ?? null;
  if (flags.catalog !== undefined && profile !== null) throw new Error("--catalog and --profile exclude each other");
  return Object.freeze({
    host: flags.host ?? env["TOLLGATE_HOST"] ?? "127.0.0.1",
    port,
    dataDir: resolve(flags.dataDir ?? env["TOLLGATE_DATA_DIR"] ?? "./data"),
    catalogFile: profile === null && catalogFile !== null ? resolve(catalogFile) : null,
    profile,
    adminToken: env["TOLLGATE_ADMIN_TOKEN"] ?? null,
    secret: env["TOLLGATE_SECRET"] ?? null,
    logLevel: level as LogLevel,
    shutdownGraceMs: grace,
  });
}
