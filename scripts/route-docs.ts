/** Writes docs/routes.md, the list of all routes, from the table that the gateway itself serves help and OpenAPI from. */
import { join } from "node:path";
import { NOT_SERVED, type RouteDoc, type RouteGroup, ROUTES } from "../src/http/route-table.ts";

const TITLES: Record<RouteGroup, string> = {
  inference: "Inference",
  models: "Models",
  account: "The caller's own account",
  operation: "Operation",
  admin: "Operators",
};
const CREDENTIALS: Record<RouteDoc["auth"], string> = { key: "API key", admin: "admin token", none: "–" };

/** The page's text. */
export function routesPage(): string {
  const sections = Object.entries(TITLES).map(([group, title]) => {
    const rows = ROUTES.filter((route) => route.group === group).map(
      ({ method, path, summary, auth }) => `| ${method} | \`${path}\` | ${summary} | ${CREDENTIALS[auth]} |`,
    );
    return [`## ${title}`, "", "| method | path | what | credential |", "|---|---|---|---|", ...rows].join("\n");
  });
  const missing = NOT_SERVED.map(({ name }) => name).join(", ");
  return `# Routes

Written by \`bun scripts/route-docs.ts\`. Bodies and answers: \`/docs\` and \`/openapi.json\` of a running gateway.

${sections.join("\n\n")}

Not served: ${missing}.
`;
}

if (import.meta.main) await Bun.write(join(import.meta.dir, "../docs/routes.md"), routesPage());
