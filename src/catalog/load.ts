import { type Document, LineCounter, parseDocument } from "yaml";
import { buildAccess } from "./build-access.ts";
import { buildModels } from "./build-models.ts";
import { buildAliases, checkNames } from "./build-names.ts";
import { buildProviders } from "./build-providers.ts";
import { buildRouting } from "./build-routing.ts";
import { buildBilling, buildBrand, buildFeatures } from "./build-settings.ts";
import { checkDocument, type MissingVariable } from "./check.ts";
import type { Environment } from "./environment.ts";
import { freezeDeep } from "./freeze.ts";
import { type Problem, Problems } from "./problems.ts";
import { CatalogSchema, type RawCatalog } from "./schema.ts";
import type { Catalog } from "./types.ts";

export { formatProblem, type Problem } from "./problems.ts";

export type LoadedCatalog = { ok: true; catalog: Catalog } | { ok: false; problems: Problem[] };

export interface LoadOptions {
  /** Name shown in problems. */
  file: string;
  /** Environment for `${NAME}` and LLM_MARKUP_PERCENT. */
  env: Environment;
}

/** Larger files are refused unread. */
const MAX_LENGTH = 4 * 1024 * 1024;

/**
 * Reads a catalog from YAML text. Gives a frozen catalog, or every mistake at once with its line, column and fix. Never throws,
 * whatever the text is.
 */
export function loadCatalog(text: string, options: LoadOptions): LoadedCatalog {
  const lines = new LineCounter();
  const problems = new Problems(options.file, (offset) => lines.linePos(offset));
  if (text.length > MAX_LENGTH) {
    problems.add([], `the file is larger than ${MAX_LENGTH} characters`);
    return { ok: false, problems: problems.list() };
  }
  const document = parse(text, lines, problems);
  if (document === null) return { ok: false, problems: problems.list() };
  const { value, missing } = checkDocument(document, CatalogSchema, options.env, problems);
  if (value === undefined) {
    if (!problems.any) problems.add([], "the file is empty; it needs at least providers and models");
    return { ok: false, problems: problems.list() };
  }
  refuseMissing(missing, problems);
  const catalog = build(value as RawCatalog, missing, text, options, problems);
  return problems.any ? { ok: false, problems: problems.list() } : { ok: true, catalog: freezeDeep(catalog) };
}

/** The document, or null when its YAML is so broken that what follows would be guessed. */
function parse(text: string, lines: LineCounter, problems: Problems): Document | null {
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: "core",
    uniqueKeys: true,
    prettyErrors: false,
    merge: false,
  });
  const found = [...document.errors, ...document.warnings];
  for (const { pos, code, message } of found) problems.addAt(pos[0], [], syntaxMessage(code, message));
  return found.every(({ code }) => code === "DUPLICATE_KEY" || code === "TAG_RESOLVE_FAILED") ? document : null;
}

function syntaxMessage(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "the key stands twice in this mapping; remove one of them";
  if (code === "TAG_RESOLVE_FAILED") return "custom YAML tags are not allowed; remove the tag";
  if (code === "MULTIPLE_DOCS") return "the file must be one YAML document; remove the --- in the middle";
  return `YAML: ${message.split("\n")[0] ?? message}`;
}

/** Outside the providers nobody could say what an unset variable stands for. */
function refuseMissing(missing: readonly MissingVariable[], problems: Problems): void {
  for (const { path, names } of missing) {
    if (path[0] === "providers") continue;
    problems.add(path, `the variable ${names.join(", ")} is not set; set it or write \${${names[0]}:-value}`);
  }
}

function build(
  raw: RawCatalog,
  missing: readonly MissingVariable[],
  text: string,
  options: LoadOptions,
  problems: Problems,
): Catalog {
  const ofProviders = missing.filter((variable) => variable.path[0] === "providers");
  const { providers, warnings } = buildProviders(raw.providers, ofProviders, problems);
  const models = buildModels(raw.models, providers, problems, warnings);
  const aliases = buildAliases(raw.aliases ?? {}, models, problems);
  const routing = buildRouting(raw.routing, new Set([...models.keys(), ...aliases.keys()]), problems);
  checkNames(aliases, models, routing, raw, problems);
  return {
    version: new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16),
    source: options.file,
    brand: buildBrand(raw.brand),
    billing: buildBilling(raw.billing, options.env, problems),
    access: buildAccess(raw.access, problems),
    routing,
    features: buildFeatures(raw.features),
    providers,
    models,
    aliases,
    warnings,
  };
}
