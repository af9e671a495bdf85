import { chmodSync, existsSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_SOCKET } from "./cli/transport.ts";
import type { App } from "./app.ts";
import type { Config } from "./config.ts";
import type { FirstStart } from "./first-start.ts";
import { errorText, type Logger } from "./lib/log.ts";

interface Streams {
  /** stdout: carries the one line that says where the gateway listens. */
  out(text: string): void;
  /** stderr: first-start messages for people. */
  err(text: string): void;
  log: Logger;
}

/** URL, headers and body limits are counted by the gateway itself, so the server's own stand well above them. */
const SERVER_BODY_LIMIT = 256 * 1024 * 1024;

/**
 * Listens until the process is told to stop (SIGTERM, SIGINT), reloading the catalog on SIGHUP.
 * Throws Error with a clear message when the port is taken. The app is closed in any case.
 */
export async function serve(app: App, config: Config, streams: Streams): Promise<void> {
  // Before the port opens, since whoever sees the line below may signal at once, and a signal without a listener ends the process.
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  process.on(
    "SIGHUP",
    atMostEvery(RELOAD_GAP_MS, () => void reload(app, streams.log)),
  );
  try {
    const control = openControl(app, config.dataDir);
    const server = listen(app, config);
    const host = server.hostname?.includes(":") === true ? `[${server.hostname}]` : server.hostname;
    const url = `http://${host}:${server.port}`;
    greet(await app.firstStart(), url, streams);
    streams.out(`listening on ${url}\n`);
    await stopped;
    streams.log.info("draining", { grace_ms: config.shutdownGraceMs });
    // Calls under way run on over their open connections; new ones get a 503 that closes theirs.
    await app.drain(config.shutdownGraceMs);
    await Promise.race([server.stop(), Bun.sleep(STOP_PATIENCE_MS)]);
    await server.stop(true);
    await control.stop(true);
  } finally {
    await app.close();
  }
}

/**
 * A SIGHUP during the start, before anyone listens for it, would end the process: from now on it is kept. Gives what is to be called when there
 * is a listener, which then gets it.
 */
export function holdReloads(): () => void {
  let isAsked = false;
  const note = (): void => void (isAsked = true);
  process.on("SIGHUP", note);
  return () => {
    process.off("SIGHUP", note);
    if (isAsked) process.kill(process.pid, "SIGHUP");
  };
}

/** ms in which several SIGHUPs are one: reading a catalog takes some, and nothing else runs meanwhile. */
const RELOAD_GAP_MS = 100;

/** Runs `action` once `ms` after the first of several calls, and after the last of them. */
export function atMostEvery(ms: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      action();
    }, ms).unref();
  };
}

/** ms that idle keep-alive connections get to close by themselves. */
const STOP_PATIENCE_MS = 1_000;

/**
 * s that a connection may be silent between calls, or in the middle of an answer; streams are kept alive by comments of our own. Clients that
 * have vanished are found by this alone: they send no FIN, and their connections would be kept for ever. Below Bun's most (255), and
 * well above the minute that balancers in front keep theirs.
 */
const IDLE_SECONDS = 240;

/** Opens the port. Throws Error with a clear message when it is taken. */
export function listen(
  app: Pick<App, "fetch">,
  config: Pick<Config, "host" | "port">,
  idleSeconds = IDLE_SECONDS,
): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: config.host,
      port: config.port,
      idleTimeout: idleSeconds,
      maxRequestBodySize: SERVER_BODY_LIMIT,
      development: false,
      // Outside of development Bun shares the port with whoever listens there already; two gateways on one port would each get half of the calls.
      reusePort: false,
      fetch: async (request, server) => {
        // Until there is an answer, silence is thinking, with time limits of its own.
        server.timeout(request, 0);
        const response = await app.fetch(request, server);
        server.timeout(request, idleSeconds);
        return response;
      },
      error: () => new Response(null, { status: 500 }),
    });
  } catch (error) {
    throw new Error(`can't listen on ${config.host}:${config.port}: ${whyNot(error)}`, { cause: error });
  }
}

const whyNot = (error: unknown): string =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE"
    ? "the port is in use; --port takes another, 0 picks a free one"
    : errorText(error);

/** A look through all books may take longer than the 10 s after which Bun hangs up, on a socket too; its types have the limit for ports only. */
const NO_IDLE_LIMIT: object = { idleTimeout: 0 };

/** The admin API for the command line: a socket that only the owner of the data folder can open. */
function openControl(app: App, dataDir: string): Bun.Server<undefined> {
  const path = join(dataDir, CONTROL_SOCKET);
  // The folder's lock is ours: a socket that is here was left behind.
  if (existsSync(path)) unlinkSync(path);
  const server = Bun.serve({ unix: path, ...NO_IDLE_LIMIT, fetch: (request) => app.adminFetch(request) });
  chmodSync(path, 0o600);
  return server;
}

function greet(firstStart: FirstStart | null, url: string, streams: Streams): void {
  if (firstStart === null) return;
  const { key, hasModel } = firstStart;
  const call = `curl ${url}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '{"model":"echo","messages":[{"role":"user","content":"Hello!"}]}'`;
  streams.err(
    [
      "",
      "First start. These are shown once:",
      `  API key      ${key}   (reaches ${hasModel ? "the built-in echo model" : "the model echo only, which this catalog does not have"})`,
      ...(firstStart.adminToken === null
        ? []
        : [`  admin token  ${firstStart.adminToken}   (also in ${firstStart.adminTokenFile})`]),
      "",
      ...(hasModel
        ? ["Try it:", `  ${call}`]
        : ["Make a key for a customer:", "  tollgate accounts create --name …", "  tollgate keys create --account …"]),
      "",
      `Help: ${url}/help   API: ${url}/docs   Dashboard: ${url}/dashboard`,
      "",
      "",
    ].join("\n"),
  );
}

async function reload(app: App, log: Logger): Promise<void> {
  const result = await app.reload();
  if (result.ok) log.info("catalog reloaded", { version: result.version });
  else log.error("the new catalog is refused, the running one stays", { problems: result.problems.join(" | ") });
}
