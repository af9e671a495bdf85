import { type AnyElysia, Elysia } from "elysia";
import { notFound } from "../../ir/error.ts";
import type { HttpDeps } from "../deps.ts";
import { openapiDocument } from "../openapi/document.ts";
import { docsAsset, docsPage } from "./docs.ts";
import { helpPage } from "./help.ts";
import { APP_CSP, htmlResponse } from "./html.ts";

const hidden = { detail: { hide: true } } as const;

/** Pages for people. `app` is read when the OpenAPI document is first asked for, so that it holds every route. */
export function pageRoutes(deps: HttpDeps, app: () => AnyElysia) {
  return new Elysia()
    .get("/help", ({ request }) => helpPage(deps, request))
    .get("/v1/help", ({ request }) => helpPage(deps, request))
    .get("/openapi.json", () => {
      requireDocs(deps);
      return openapiDocument(deps, app());
    })
    .get("/docs", () => {
      requireDocs(deps);
      return docsPage(deps.catalog().brand.name);
    })
    .get("/docs/:file", ({ params }) => docsAsset(params.file) ?? noPage(), hidden)
    .get("/", () => dashboardPage(deps))
    .get("/dashboard", () => dashboardPage(deps))
    .get("/dashboard/:file", ({ params }) => dashboardAsset(deps, params.file), hidden);
}

function requireDocs(deps: HttpDeps): void {
  if (!deps.catalog().features.docs) noPage();
}

function noPage(): never {
  throw notFound("No such page.");
}

async function dashboardPage(deps: HttpDeps): Promise<Response> {
  const page = (await deps.dashboard()).find((asset) => asset.path === "");
  return page === undefined ? noPage() : htmlResponse(page.body, APP_CSP);
}

async function dashboardAsset(deps: HttpDeps, name: string): Promise<Response> {
  const asset = (await deps.dashboard()).find((item) => item.path === name && name !== "");
  if (asset === undefined) return noPage();
  return new Response(asset.body, {
    headers: { "content-type": asset.contentType, "cache-control": "public, max-age=31536000, immutable" },
  });
}
