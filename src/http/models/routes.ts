import { Elysia } from "elysia";
import type { DialectId } from "../../ir/dialect-id.ts";
import { GatewayError } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { identify, identifyOwner } from "../identify.ts";
import { decodePath } from "../inference/gemini-path.ts";
import { type PeerSource, queryOf } from "../peer.ts";
import { dialectOf } from "../route-dialect.ts";
import { isCapPath, readCap } from "./cap.ts";
import { capabilitiesView } from "./capabilities.ts";
import { entryOf, isEntryAllowed, listEntries } from "./entries.ts";
import type { PricingFacts } from "./pricing.ts";
import { anthropicList, anthropicModel, geminiList, geminiModel, openaiList, openaiModel } from "./shapes.ts";
import { unknownModel } from "./unknown.ts";

const LIST_PATHS = ["/v1/models", "/models", "/v1beta/models"] as const;

interface Context {
  request: Request;
  server: PeerSource;
}

/** Model lists in the shape of the client's dialect, filtered to what the caller may use. */
export function modelRoutes(deps: HttpDeps) {
  const app = new Elysia();
  for (const path of LIST_PATHS) {
    app
      .get(path, ({ request, server }: Context) => list(deps, request, server))
      .get(`${path}/*`, ({ request, server, params }) => retrieve(deps, request, server, params["*"]), {
        detail: { hide: true },
      });
  }
  return app.get("/v1/capabilities", async ({ request, server }: Context) =>
    capabilitiesView(deps, await identify(deps, request, server)),
  );
}

async function list(deps: HttpDeps, request: Request, peers: PeerSource): Promise<JsonObject> {
  const facts = await readFacts(deps, request, peers);
  const entries = listEntries(facts.catalog, facts.principal, facts.now);
  const query = new URLSearchParams(queryOf(request.url));
  switch (facts.dialect) {
    case "anthropic-messages":
      return anthropicList(facts, entries, query);
    case "gemini":
      return geminiList(facts, entries, query);
    default:
      return openaiList(facts, entries);
  }
}

async function retrieve(deps: HttpDeps, request: Request, peers: PeerSource, rest: string): Promise<JsonObject> {
  if (isCapPath(rest)) return readCap(deps, await identifyOwner(deps, request, peers), rest);
  const facts = await readFacts(deps, request, peers);
  const name = decodePath(rest);
  const entry = entryOf(facts.catalog, name);
  if (entry === null) throw unknownModel(facts.catalog, name);
  if (!isEntryAllowed(facts.catalog, facts.principal, entry, facts.now)) {
    throw new GatewayError({
      status: 403,
      code: "model_not_allowed",
      message: `This key may not use the model ${JSON.stringify(name)}.`,
      param: "model",
    });
  }
  switch (facts.dialect) {
    case "anthropic-messages":
      return anthropicModel(facts, entry);
    case "gemini":
      return geminiModel(facts, { ...entry, name: name.replace(/^models\//, "") });
    default:
      return openaiModel(facts, entry);
  }
}

type Facts = PricingFacts & { principal: Awaited<ReturnType<typeof identify>>; dialect: DialectId };

async function readFacts(deps: HttpDeps, request: Request, peers: PeerSource): Promise<Facts> {
  const principal = await identify(deps, request, peers, { allowQueryKey: true });
  const { account } = principal;
  return { catalog: deps.catalog(), principal, account, now: deps.clock.now(), dialect: dialectOf(request) };
}
