import { Elysia } from "elysia";
import { GatewayError } from "../ir/error.ts";
import { readBody } from "../wire/read-body.ts";
import { scanObject } from "../wire/scan.ts";
import type { HttpDeps } from "./deps.ts";
import type { PeerSource } from "./peer.ts";

/** Throws (or rejects) for a caller who may not use these routes; is asked twice where there is a body. */
export type Guard = (request: Request, peers: PeerSource) => void | Promise<void>;

/**
 * An Elysia instance for routes with JSON bodies of their own: bodies are read by the same scanner as inference bodies (size, depth, duplicate
 * keys, prototype keys), unknown fields are a 400 instead of being stripped. No body is an empty object.
 * `guard` runs before body and parameters are looked at. `maxBytes`: where bodies may be larger than elsewhere.
 */
export function managementApp(deps: HttpDeps, guard?: Guard, maxBytes?: number) {
  const app = new Elysia({ normalize: false }).onParse(async ({ request, server }, contentType) => {
    await guard?.(request, server);
    if (request.body === null) return {};
    if (contentType !== "application/json") {
      throw new GatewayError({
        status: 415,
        code: "unsupported_media_type",
        message: "The body must be sent as `Content-Type: application/json`.",
      });
    }
    const bytes = await readBody(request, { maxBytes: maxBytes ?? deps.settings.maxManagementBytes });
    return bytes.length === 0 ? {} : scanObject(bytes).parse();
  });
  return guard === undefined ? app : app.onTransform(({ request, server }) => guard(request, server));
}
