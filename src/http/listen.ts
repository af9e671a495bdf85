import type { AnyElysia } from "elysia";
import type { HttpSettings } from "./deps.ts";

export interface Listening {
  url: URL;
  /** Stops taking connections; with `closeActive` running answers are cut. */
  stop(closeActive?: boolean): Promise<void>;
}

/**
 * Opens the port. Bun's own idle time-out would cut quiet streams and its body limit answers without a body, so both are set out of the
 * way; the gateway keeps its own time and counts bytes itself.
 */
export function listen(
  app: AnyElysia,
  fetch: (request: Request) => Promise<Response>,
  settings: HttpSettings,
  options: { hostname: string; port: number },
): Listening {
  const server = Bun.serve({
    hostname: options.hostname,
    port: options.port,
    idleTimeout: 0,
    maxRequestBodySize: settings.maxBodyBytes * 4,
    fetch,
  });
  app.server = server as unknown as NonNullable<AnyElysia["server"]>;
  return { url: server.url, stop: (closeActive = false) => server.stop(closeActive) };
}
