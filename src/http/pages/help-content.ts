import { knownNames } from "../../catalog/resolve.ts";
import { customerPrice } from "../../catalog/price.ts";
import type { Catalog, Model, RoutingWord } from "../../catalog/types.ts";
import { keyPattern } from "../../gates/keys.ts";
import { modelsOfWord } from "../../routing/rank.ts";
import { GEMINI_ACTIONS } from "../inference/served.ts";
import { NOT_SERVED, type RouteDoc, ROUTES } from "../route-table.ts";

/** Help as data, so that browsers and terminals get the same. */
export interface HelpSection {
  title: string;
  text?: string;
  code?: string;
  table?: { head: string[]; rows: string[][] };
}

/** What this gateway serves right now: made from the live catalog and the route table. */
export function helpSections(catalog: Catalog, origin: string, now: number): HelpSection[] {
  return [
    quickStart(catalog, origin),
    {
      title: "Routes",
      table: {
        head: ["Path", "Method", "Description", "Credential"],
        rows: ROUTES.map((doc) => [doc.path, doc.method, doc.summary, authText(catalog, doc)]),
      },
    },
    {
      title: "Not served",
      text: `${NOT_SERVED.map((item) => item.name).join(", ")}, and WebSocket transport. These answer 404 (426 for WebSocket).`,
    },
    authentication(catalog),
    models(catalog, now),
    routing(catalog, now),
    aliases(catalog),
    n8n(origin),
  ];
}

function quickStart(catalog: Catalog, origin: string): HelpSection {
  const model = catalog.routing.words.size > 0 ? catalog.routing.defaultModel : (knownNames(catalog)[0] ?? "echo");
  return {
    title: "Quick start",
    text: `Point any OpenAI, Anthropic or Gemini SDK at this address. Dialects: OpenAI Chat Completions and Responses, Anthropic Messages, Gemini (${Object.keys(GEMINI_ACTIONS).join(", ")}); any of them works with any model.`,
    code: [
      `curl ${origin}/v1/chat/completions \\`,
      `  -H "Authorization: Bearer ${catalog.brand.keyPrefix}..." \\`,
      `  -H "Content-Type: application/json" \\`,
      `  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`,
    ].join("\n"),
  };
}

function authText(catalog: Catalog, { auth, isOwned }: RouteDoc): string {
  if (auth === "admin") return "admin token";
  if (auth === "none") return "none";
  const isOptional = catalog.access.anonymous !== null || catalog.access.auth !== "required";
  return isOptional && !isOwned ? "optional" : "API key";
}

function authentication(catalog: Catalog): HelpSection {
  const limits = [...catalog.access.tiers.values()].map((tier) => [
    tier.name,
    tier.limits.requestsPerMinute === 0 ? "no limit" : String(tier.limits.requestsPerMinute),
    tier.limits.messagesPerDay === 0 ? "no limit" : String(tier.limits.messagesPerDay),
    tier.models.length === 0 ? "all" : tier.models.join(", "),
  ]);
  return {
    title: "Authentication and limits",
    text: `Send the key as \`Authorization: Bearer\`, \`x-api-key\` or \`x-goog-api-key\` (Gemini routes also take \`?key=\`). Every key works at every route. Secret scanners find keys by \`${keyPattern(catalog.brand.keyPrefix)}\`.${withoutKey(catalog)}`,
    table: { head: ["Tier", "Requests per minute", "Messages per day", "Models"], rows: limits },
  };
}

/** Clients that insist on a key are the reason: a placeholder is an unknown key, and refused. */
function withoutKey({ access }: Catalog): string {
  if (access.anonymous === null) return "";
  return ` Calls without a key are served, too, by the tier ${access.anonymous.tier}: where a client insists on one, an empty text counts as none; one that is not known here is refused.`;
}

function models(catalog: Catalog, now: number): HelpSection {
  const listed = [...catalog.models.values()].filter((model) => model.listed);
  return {
    title: "Models",
    text: `Prices in ${catalog.billing.currency} per 1M tokens; exact ones are at /v1/models.`,
    table: {
      head: ["Model", "Provider", "Context", "Input", "Output"],
      rows: listed.map((model) => [
        model.id,
        model.provider,
        model.context.toLocaleString("en-US"),
        ...priceCells(catalog, model, now),
      ]),
    },
  };
}

function priceCells(catalog: Catalog, model: Model, now: number): [string, string] {
  const price = customerPrice(model, catalog.billing, now);
  if (price === null) return ["N/A", "N/A"];
  if (price.free) return ["free", "free"];
  const [image] = price.perImage.values();
  const hasTokens = [...price.perMillion.values()].some(({ exact }) => exact !== "0");
  if (image !== undefined && !hasTokens) return ["N/A", `${image.display} per image`];
  return [price.perMillion.get("input")?.display ?? "N/A", price.perMillion.get("output")?.display ?? "N/A"];
}

/** Only words that can mean some model: a flex word is none where no model has a flex price. */
function routing(catalog: Catalog, now: number): HelpSection {
  const words = [...catalog.routing.words.values()].filter((word) => modelsOfWord(catalog, word, now).length > 0);
  return {
    title: "Routing words",
    text: `Use these as the model; without one it is \`${catalog.routing.defaultModel}\`. Each chooses among the models that can do what the request asks, that the key may use, and that are up.`,
    table: {
      head: ["Word", "Takes", "Service tier"],
      rows: words.map((word) => [word.name, choiceOf(word), word.serviceTier ?? "standard"]),
    },
  };
}

const CHOICES: Readonly<Record<RoutingWord["strategy"], string>> = {
  fast: "the fastest model",
  balanced: "the best balance of quality, speed and price",
  quality: "the best model",
  cost: "the cheapest model",
  auto: "the cheapest model of the tier that the request needs: simple, medium or complex",
};

/** Of models that can do what the request asks and that the key may use: said once, above the table. */
const choiceOf = ({ strategy, models }: RoutingWord): string =>
  models.length === 0 || strategy === "auto" ? CHOICES[strategy] : `the first of ${models.join(", ")}`;

function aliases(catalog: Catalog): HelpSection {
  return {
    title: "Aliases",
    table: {
      head: ["Alias", "Model", "Service tier"],
      rows: [...catalog.aliases.values()].map((alias) => [alias.name, alias.to, alias.serviceTier ?? "standard"]),
    },
  };
}

function n8n(origin: string): HelpSection {
  return {
    title: "n8n",
    text: `Create an OpenAI credential with the base URL ${origin} (no /v1). The OpenAI node v1.x uses /chat/completions, v2.1 and later /responses.`,
  };
}
