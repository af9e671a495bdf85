import { readFileSync, statSync } from "node:fs";
import defaultCatalog from "../catalog.yaml" with { type: "text" };
import fourDialects from "../profiles/four-dialects.yaml" with { type: "text" };
import managed from "../profiles/managed.yaml" with { type: "text" };
import open from "../profiles/open.yaml" with { type: "text" };
import smartRouter from "../profiles/smart-router.yaml" with { type: "text" };
import wallet from "../profiles/wallet.yaml" with { type: "text" };
import { formatProblem, loadCatalog } from "./catalog/load.ts";
import type { Catalog } from "./catalog/types.ts";
import type { Config } from "./config.ts";
import type { Logger } from "./lib/log.ts";

/** Complete catalogs that are built in, by the name that `--profile` takes. */
export const PROFILES: Readonly<Record<string, string>> = {
  wallet,
  "smart-router": smartRouter,
  "four-dialects": fourDialects,
  managed,
  open,
};

type Environment = Readonly<Record<string, string | undefined>>;
type Read = { ok: true; catalog: Catalog } | { ok: false; problems: string[] };

/** The text of the catalog that the process was told to use, and what to call it. Throws Error when it can't be read. */
export function catalogSource(config: Config): { text: string; file: string } {
  if (config.catalogFile !== null) return { text: readFileSync(config.catalogFile, "utf8"), file: config.catalogFile };
  if (config.profile === null) return { text: defaultCatalog, file: "catalog.yaml (built in)" };
  const text = PROFILES[config.profile];
  if (text === undefined) {
    throw new Error(`unknown profile ${config.profile}; one of: ${Object.keys(PROFILES).join(", ")}`);
  }
  return { text, file: `profiles/${config.profile}.yaml (built in)` };
}

/** What is wrong when secrets stand in a file that others on the machine can read; null = nothing. */
function exposedSecrets(catalog: Catalog, text: string, file: string): string | null {
  if ((statSync(file).mode & 0o044) === 0) return null;
  const secrets = [...catalog.providers.values()].map((provider) => provider.apiKey);
  secrets.push(catalog.access.jwt?.secret ?? null, catalog.billing.alerts?.secret ?? null);
  if (!secrets.some((secret) => secret !== null && secret !== "" && text.includes(secret))) return null;
  return `${file} holds secrets and can be read by other users: chmod 600 it, or write \${NAME} and set the variable`;
}

/** Reads and checks the catalog. Problems are lines with file, line, column and fix. */
export function readCatalog(config: Config, env: Environment): Read {
  try {
    const { text, file } = catalogSource(config);
    const loaded = loadCatalog(text, { file, env });
    if (!loaded.ok) return { ok: false, problems: loaded.problems.map(formatProblem) };
    const exposed = config.catalogFile === null ? null : exposedSecrets(loaded.catalog, text, config.catalogFile);
    if (exposed === null) return loaded;
    return { ok: true, catalog: { ...loaded.catalog, warnings: [...loaded.catalog.warnings, exposed] } };
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

/** The catalog in force. A reload swaps it whole; a broken one is refused and the running one stays. */
export class CatalogHolder {
  #current: Catalog;
  readonly #config: Config;
  readonly #env: Environment;

  /** Throws Error with all problems when the catalog can't be used. */
  constructor(config: Config, env: Environment, log: Logger) {
    this.#config = config;
    this.#env = env;
    const read = readCatalog(config, env);
    if (!read.ok) throw new Error(`the catalog can't be used:\n${read.problems.join("\n")}`);
    this.#current = read.catalog;
    for (const warning of read.catalog.warnings) log.info("catalog", { warning });
  }

  get current(): Catalog {
    return this.#current;
  }

  reload(): { ok: true; version: string; warnings: readonly string[] } | { ok: false; problems: string[] } {
    const read = readCatalog(this.#config, this.#env);
    if (!read.ok) return read;
    if (read.catalog.billing.currency !== this.#current.billing.currency) {
      return { ok: false, problems: ["billing.currency can't change while there is a ledger in another currency"] };
    }
    this.#current = read.catalog;
    return { ok: true, version: read.catalog.version, warnings: read.catalog.warnings };
  }
}
