import { Elysia } from "elysia";
import { GatewayError } from "../ir/error.ts";
import { readBody } from "../wire/read-body.ts";
import { scanObject } from "../wire/scan.ts";
import type { HttpDeps } from "./deps.ts";

/**
 * An Elysia instance for routes with JSON bodies of their own: bodies are read by the same scanner as inference bodies (size, depth, duplicate
 * keys, prototype keys), unknown fields are a 400 instead of being stripped.
 */
export function managementApp(deps: HttpDeps, name: string) {
  return new Elysia({ name, normalize: false }).onParse(async ({ request }, contentType) => {
    if (contentType !== "application/json") {
      throw new GatewayError({
        status: 415,
        code: "unsupported_media_type",
        message: "The body must be sent as `Content-Type: application/json`.",
      });
    }
    return scanObject(await readBody(request, { maxBytes: deps.settings.maxManagementBytes })).parse();
  });
}
