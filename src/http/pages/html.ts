import { createHash } from "node:crypto";

/** Text as HTML text or attribute value. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const sha256 = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const COMMON = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Policy of pages that load nothing but files of their own. */
export const APP_CSP = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; ${COMMON}`;

/** A page under a content security policy. */
export function htmlResponse(body: string | Blob, csp: string): Response {
  return new Response(body, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": csp,
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    },
  });
}

/** A page without scripts; its one style sheet is allowed by its hash. */
export function staticPage(title: string, style: string, body: string): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return htmlResponse(html, `default-src 'none'; style-src ${sha256(style)}; img-src data:; ${COMMON}`);
}
