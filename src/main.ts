/** The program: command line → app → listen and drain. The only place that ends the process. */
import { defineCommand } from "citty";
import manifest from "../package.json" with { type: "json" };
import { openApp, openOffline } from "./app.ts";
import { accountsCommand, creditsCommand, keysCommand } from "./cli/admin-commands.ts";
import { catalogCommand } from "./cli/catalog-commands.ts";
import { conformanceCommand } from "./cli/conformance/command.ts";
import { runLine } from "./cli/run.ts";
import { connect } from "./cli/transport.ts";
import { readCatalog } from "./catalog-holder.ts";
import { verifyCommand, type VerifyContext } from "./cli/verify-command.ts";
import { type Flags, readConfig } from "./config.ts";
import { createLogger, errorText } from "./lib/log.ts";
import { serve } from "./serve.ts";
import { verifyDataFolder } from "./store/verify.ts";

/** Bun allows 256 outbound requests at once unless the environment says more before the process starts. */
const FETCH_LIMIT = "BUN_CONFIG_MAX_HTTP_REQUESTS";

const out = { write: (text: string): void => void process.stdout.write(text) };
const errorOut = (line: string): void => void process.stderr.write(line);

const adminContext = {
  out,
  connect: (dataDir: string | undefined) => {
    const config = readConfig(dataDir === undefined ? {} : { dataDir }, process.env);
    return connect(config.dataDir, () => openOffline(config, createLogger(errorOut, "warn")));
  },
};

const serveCommand = defineCommand({
  meta: { name: "serve", description: "Run the gateway (the default command)" },
  args: {
    host: { type: "string", description: "address to listen at (TOLLGATE_HOST, default 127.0.0.1)" },
    port: { type: "string", description: "port, 0 picks a free one (TOLLGATE_PORT, default 8080)" },
    "data-dir": { type: "string", description: "data folder (TOLLGATE_DATA_DIR, default ./data)" },
    catalog: { type: "string", description: "catalog file (TOLLGATE_CATALOG, default: built in)" },
    profile: { type: "string", description: "a built-in profile instead of a file" },
  },
  run: async ({ args }) => {
    const flags: Flags = {};
    if (args.host !== undefined) flags.host = args.host;
    if (args.port !== undefined) flags.port = args.port;
    if (args["data-dir"] !== undefined) flags.dataDir = args["data-dir"];
    if (args.catalog !== undefined) flags.catalog = args.catalog;
    if (args.profile !== undefined) flags.profile = args.profile;
    const config = readConfig(flags, process.env);
    if (process.env[FETCH_LIMIT] === undefined) restartWithLimit();
    const log = createLogger(errorOut, config.logLevel);
    const code = await serve(await openApp(config, process.env, log), config, { out: out.write, err: errorOut, log });
    process.exit(code);
  },
});

/** The limit is read before any script runs, so the process replaces itself once. */
function restartWithLimit(): void {
  const compiled = !process.execPath.endsWith("bun") && Bun.main.startsWith("/$bunfs/");
  const argv = compiled ? [process.execPath, ...process.argv.slice(2)] : [process.execPath, ...process.argv.slice(1)];
  process.execve?.(process.execPath, argv, { ...process.env, [FETCH_LIMIT]: "65535" } as Record<string, string>);
}

const verifyContext: VerifyContext = {
  out,
  verify: (dataDir, head) =>
    verifyDataFolder(readConfig(dataDir === undefined ? {} : { dataDir }, process.env).dataDir, head),
};

const versionCommand = defineCommand({
  meta: { name: "version", description: "Print the version" },
  run: () => out.write(`${manifest.version}\n`),
});

const commands = {
  serve: serveCommand,
  accounts: accountsCommand(adminContext),
  keys: keysCommand(adminContext),
  credits: creditsCommand(adminContext),
  catalog: catalogCommand({ out, read: (flags) => readCatalog(readConfig(flags, process.env), process.env) }),
  verify: verifyCommand(verifyContext),
  audit: defineCommand({
    meta: { name: "audit", description: "The audit log: verify" },
    subCommands: { verify: verifyCommand(verifyContext) },
  }),
  conformance: conformanceCommand({ out }),
  version: versionCommand,
};

const main = defineCommand({
  meta: { name: "tollgate", version: manifest.version, description: manifest.description },
  subCommands: commands,
});

const [first, ...others] = process.argv.slice(2).filter((item, index) => !(index === 0 && item === "--"));

/** `tollgate --port 9000` serves: the command may be left out. */
function wordsOf(name: string | undefined): string[] {
  if (name === undefined) return ["serve"];
  if (name === "--version" || name === "-v") return ["version", ...others];
  const isFlag = name.startsWith("-") && name !== "--help" && name !== "-h";
  return [...(isFlag ? ["serve"] : []), name, ...others];
}

try {
  await runLine(main, wordsOf(first), out);
} catch (error) {
  errorOut(`tollgate: ${error instanceof Error ? error.message : errorText(error)}\n`);
  process.exit(1);
}
