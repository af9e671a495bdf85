import type { Principal } from "../gates/types.ts";
import { managementApp } from "./body.ts";
import type { HttpDeps } from "./deps.ts";
import { identifyOwner } from "./identify.ts";

/**
 * An Elysia instance for routes about what belongs to the caller's account: each handler is given the `principal`. Nothing of a body is
 * read before it is known whose it is.
 */
export function ownerApp(deps: HttpDeps) {
  const known = new WeakMap<Request, Principal>();
  return managementApp(deps, async (request, peers) => {
    if (!known.has(request)) known.set(request, await identifyOwner(deps, request, peers));
  }).resolve(async ({ request, server }) => ({
    principal: known.get(request) ?? (await identifyOwner(deps, request, server)),
  }));
}
