import type { HttpDeps } from "../deps.ts";
import { type HelpSection, helpSections } from "./help-content.ts";
import { escapeHtml, staticPage } from "./html.ts";

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
code,pre{font:14px/1.45 ui-monospace,monospace;background:#f4f4f5;border-radius:4px}
code{padding:.1rem .3rem}pre{padding:.8rem;overflow-x:auto}
@media (prefers-color-scheme:dark){body{color:#eee;background:#18181b}th,td{border-color:#3f3f46}code,pre{background:#27272a}}
`;

/** Help for whoever asks: HTML for browsers, Markdown for everything else. */
export function helpPage(deps: HttpDeps, request: Request): Response {
  const catalog = deps.catalog();
  const sections = helpSections(catalog, originOf(request), deps.clock.now());
  const title = `${catalog.brand.name} API`;
  const vary = { vary: "Accept" };
  if (!(request.headers.get("accept") ?? "").includes("text/html")) {
    const text = `# ${title}\n\n${sections.map(toMarkdown).join("\n")}`;
    return new Response(text, { headers: { "content-type": "text/markdown; charset=utf-8", ...vary } });
  }
  const response = staticPage(title, STYLE, `<h1>${escapeHtml(title)}</h1>\n${sections.map(toHtml).join("\n")}`);
  response.headers.set("vary", "Accept");
  return response;
}

/**
 * Where the client reached the gateway; behind a proxy that ends TLS it is `https`, as the proxy says (whoever else says so fools only itself:
 * nothing but these lines is made of it). They are to be pasted into a shell: a Host header that is more than a name and a port is left out.
 */
function originOf(request: Request): string {
  const { url } = request;
  const reached = url.slice(0, url.indexOf("/", url.indexOf("://") + 3));
  const isTls = request.headers.get("x-forwarded-proto") === "https";
  const origin = isTls ? reached.replace(/^http:/, "https:") : reached;
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) ? origin : "http://localhost";
}

function toMarkdown(section: HelpSection): string {
  const blocks = [`## ${section.title}`];
  if (section.text !== undefined) blocks.push(section.text);
  if (section.code !== undefined) blocks.push(`\`\`\`bash\n${section.code}\n\`\`\``);
  if (section.table !== undefined) {
    const line = (cells: readonly string[]): string =>
      `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    const { head, rows } = section.table;
    blocks.push([line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"));
  }
  return `${blocks.join("\n\n")}\n`;
}

function toHtml(section: HelpSection): string {
  const parts = [`<h2>${escapeHtml(section.title)}</h2>`];
  if (section.text !== undefined) parts.push(`<p>${withCode(section.text)}</p>`);
  if (section.code !== undefined) parts.push(`<pre>${escapeHtml(section.code)}</pre>`);
  if (section.table !== undefined) {
    const row = (cells: readonly string[], tag: "td" | "th"): string =>
      `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
    const { head, rows } = section.table;
    parts.push(`<table>${row(head, "th")}${rows.map((cells) => row(cells, "td")).join("")}</table>`);
  }
  return parts.join("\n");
}

/** Backticks become `<code>`; everything is escaped first. */
const withCode = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");
