/** The commands, wired to the parts that do the work. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "citty";
import manifest from "../package.json" with { type: "json" };
import { openApp, openOffline } from "./app.ts";
import { accountsCommand } from "./cli/accounts-commands.ts";
import type { Place } from "./cli/admin-call.ts";
import { backupCommand } from "./cli/backup-command.ts";
import { booksCommand } from "./cli/books-commands.ts";
import { type CatalogContext, catalogCommand } from "./cli/catalog-commands.ts";
import { conformanceCommand } from "./cli/conformance/command.ts";
import { creditsCommand } from "./cli/credits-command.ts";
import { catalogFlags, dataDirFlag } from "./cli/flags.ts";
import { keysCommand } from "./cli/keys-command.ts";
import type { Command } from "./cli/run.ts";
import { connect } from "./cli/transport.ts";
import { catalogSource, readCatalog } from "./catalog-holder.ts";
import { type PricesContext, pricesCommand } from "./cli/prices-commands.ts";
import { providerKeysCommand } from "./cli/provider-keys-command.ts";
import { pruneCommand } from "./cli/prune-command.ts";
import { verifyCommand, type VerifyContext } from "./cli/verify-command.ts";
import { type Config, type Flags, readConfig } from "./config.ts";
import { createLogger } from "./lib/log.ts";
import { holdReloads, serve } from "./serve.ts";
import { backUp } from "./store/backup.ts";
import { DATABASE_FILE } from "./store/files.ts";
import { settledCalls } from "./store/settled-calls.ts";
import { verifyDataFolder } from "./store/verify.ts";

const out = { write: (text: string): void => void process.stdout.write(text) };
const errorOut = (line: string): void => void process.stderr.write(line);

const configOf = (flags: Flags): Config => readConfig(flags, process.env);

const adminContext = {
  out,
  connect: (place: Place) => {
    const config = configOf(place);
    return connect(config.dataDir, {
      exists: existsSync(join(config.dataDir, DATABASE_FILE)),
      open: () => openOffline(config, createLogger(errorOut, "warn")),
    });
  },
};

const serveCommand = defineCommand({
  meta: { name: "serve", description: "Run the gateway (the default command)" },
  args: {
    host: { type: "string", description: "address to listen at (TOLLGATE_HOST, default 127.0.0.1)" },
    port: { type: "string", description: "port, 0 picks a free one (TOLLGATE_PORT, default 8080)" },
    ...dataDirFlag,
    ...catalogFlags,
  },
  run: async ({ args }) => {
    const config = configOf({ ...args, dataDir: args["data-dir"] });
    const log = createLogger(errorOut, config.logLevel);
    const letReload = holdReloads();
    const app = await openApp(config, process.env, log);
    const serving = serve(app, config, { out: out.write, err: errorOut, log });
    letReload();
    await serving;
  },
});

const verifyContext: VerifyContext = {
  out,
  verify: (dataDir, head) => verifyDataFolder(configOf({ dataDir }).dataDir, head),
};

const catalogContext: CatalogContext = {
  out,
  read: (flags) => {
    const config = configOf(flags);
    const result = readCatalog(config, process.env);
    return result.ok ? { ...result, text: catalogSource(config).text, env: process.env } : result;
  },
};

const pricesContext: PricesContext = {
  ...catalogContext,
  now: () => Date.now(),
  calls: (dataDir, since, until) => settledCalls(configOf({ dataDir }).dataDir, since, until),
};

const versionCommand = defineCommand({
  meta: { name: "version", description: "Print the version" },
  run: () => out.write(`${manifest.version}\n`),
});

const commands = {
  serve: serveCommand,
  accounts: accountsCommand(adminContext),
  keys: keysCommand(adminContext),
  "provider-keys": providerKeysCommand(adminContext),
  credits: creditsCommand(adminContext),
  books: booksCommand(adminContext),
  catalog: catalogCommand(catalogContext),
  prices: pricesCommand(pricesContext),
  verify: verifyCommand(verifyContext),
  backup: backupCommand({ out, backUp: (dataDir, file) => backUp(configOf({ dataDir }).dataDir, file) }),
  audit: defineCommand({
    meta: { name: "audit", description: "The audit log: verify, prune" },
    subCommands: { verify: verifyCommand(verifyContext), prune: pruneCommand(adminContext) },
  }),
  conformance: conformanceCommand({ out }),
  version: versionCommand,
};

/** The whole command line. */
export const tollgate: Command = defineCommand({
  meta: { name: "tollgate", version: manifest.version, description: manifest.description },
  subCommands: commands,
});
