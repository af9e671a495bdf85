import { usesProxy } from "./upstream/proxy.ts";

/** Bun allows 256 outbound requests at once, open streams included, unless the environment says more before the process starts. */
const VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
const LIMIT = "65535";

/**
 * Replaces this process by itself with the limit raised; once, only where calls to providers are such requests, and only where nothing is set. The same
 * process id, arguments and pipes.
 */
export function restartForFetches(): void {
  if (!usesProxy(process.env) || process.env[VARIABLE] !== undefined || process.execve === undefined) return;
  // A compiled file is its own program; from source, the program is bun and its first argument the script.
  const own = Bun.main.startsWith("/$bunfs/") ? process.argv.slice(2) : [...process.execArgv, ...process.argv.slice(1)];
  const env: Record<string, string> = { [VARIABLE]: LIMIT };
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  process.execve(process.execPath, [process.execPath, ...own], env);
}
