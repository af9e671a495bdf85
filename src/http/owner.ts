import { managementApp } from "./body.ts";
import type { HttpDeps } from "./deps.ts";
import { identifyOwner } from "./identify.ts";

/** An Elysia instance for routes about what belongs to the caller's account: each handler is given the `principal`. */
export function ownerApp(deps: HttpDeps) {
  return managementApp(deps).resolve(async ({ request, server }) => ({
    principal: await identifyOwner(deps, request, server),
  }));
}
