import swaggerStyle from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import swaggerScript from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { escapeHtml, htmlResponse } from "./html.ts";

/** Swagger UI sets styles on elements as it runs, and draws its icons from data URLs; nothing comes from elsewhere. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const INIT = `window.addEventListener("load", () => {
  SwaggerUIBundle({ url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: false, validatorUrl: null });
});
`;

/** The interactive documentation: Swagger UI out of the binary, over /openapi.json. */
export function docsPage(title: string): Response {
  return htmlResponse(
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/init.js" defer></script>
</head>
<body><div id="ui"></div></body>
</html>
`,
    CSP,
  );
}

const DAY = "public, max-age=86400";

/** Files of the documentation by name; null for any other name. */
export function docsAsset(name: string): Response | null {
  switch (name) {
    case "swagger-ui.css":
      return asset(Bun.file(swaggerStyle), "text/css; charset=utf-8");
    case "swagger-ui-bundle.js":
      return asset(Bun.file(swaggerScript), "text/javascript; charset=utf-8");
    case "init.js":
      return asset(INIT, "text/javascript; charset=utf-8");
    default:
      return null;
  }
}

const asset = (body: string | Blob, type: string): Response =>
  new Response(body, { headers: { "content-type": type, "cache-control": DAY } });
