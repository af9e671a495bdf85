import { buildAccess } from "./build-access.ts";
import { buildModels } from "./build-models.ts";
import { buildAliases, checkNames } from "./build-names.ts";
import { buildProviders } from "./build-providers.ts";
import { buildRouting } from "./build-routing.ts";
import { buildBilling, buildBrand, buildFeatures, checkAlerts } from "./build-settings.ts";
import { checkTree, type MissingVariable } from "./check.ts";
import { readCompiled, textVersion } from "./compiled.ts";
import type { Environment } from "./environment.ts";
import { freezeDeep } from "./freeze.ts";
import { type Problem, Problems } from "./problems.ts";
import { CatalogSchema, type RawCatalog } from "./schema.ts";
import { readYaml } from "./yaml.ts";
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
 * Reads a catalog from YAML text (or from what compileCatalog made of it). Gives a frozen catalog, or every mistake at once with its line,
 * column and fix. Never throws, whatever the text is.
 */
export function loadCatalog(text: string, options: LoadOptions): LoadedCatalog {
  const compiled = readCompiled(text);
  const { tree, problems } =
    compiled === null
      ? readText(text, options.file)
      : { tree: compiled.tree, problems: new Problems(options.file, () => ({ line: 1, col: 1 })) };
  if (tree === null) return { ok: false, problems: problems.list() };
  if (tree.kind === "scalar" && tree.value === null) {
    problems.add([], "the file is empty; it needs at least providers and models");
    return { ok: false, problems: problems.list() };
  }
  const { value, missing } = checkTree(tree, CatalogSchema, options.env, problems);
  if (value === undefined) return { ok: false, problems: problems.list() };
  refuseMissing(missing, problems);
  const catalog = build(value as RawCatalog, missing, compiled?.version ?? textVersion(text), options, problems);
  return problems.any ? { ok: false, problems: problems.list() } : { ok: true, catalog: freezeDeep(catalog) };
}

function readText(text: string, file: string): ReturnType<typeof readYaml> {
  if (text.length <= MAX_LENGTH) return readYaml(text, file);
  const problems = new Problems(file, () => ({ line: 1, col: 1 }));
  problems.add([], `the file is larger than ${MAX_LENGTH} characters`);
  return { tree: null, problems };
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
  version: string,
  options: LoadOptions,
  problems: Problems,
): Catalog {
  const ofProviders = missing.filter((variable) => variable.path[0] === "providers");
  const { providers, warnings } = buildProviders(raw.providers, ofProviders, problems);
  const models = buildModels(raw.models, providers, problems, warnings);
  const aliases = buildAliases(raw.aliases ?? {}, models, problems);
  const routing = buildRouting(raw.routing, new Set([...models.keys(), ...aliases.keys()]), problems);
  checkNames(aliases, models, routing, raw, problems);
  checkAlerts(raw, problems);
  return {
    version,
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
