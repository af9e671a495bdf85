import { existsSync, writeFileSync } from "node:fs";
import { CatalogText } from "../catalog/edit.ts";
import { readPriceList } from "../catalog/import/list.ts";
import { type FactChange, type ImportPlan, planImport } from "../catalog/import/plan.ts";
import { formatProblem, loadCatalog } from "../catalog/load.ts";
import { matchesGlob } from "../catalog/globs.ts";
import { parseDay } from "../catalog/build-prices.ts";
import type { CatalogFile } from "./catalog-file.ts";
import { readTextFile } from "./files.ts";
import { CommandError } from "./transport.ts";

/** What the command line says of an import. */
export interface ImportArgs {
  /** The price list's file. */
  from: string;
  /** ISO 8601; left out: now. */
  effective: string | undefined;
  /** Globs, separated by commas. */
  models: string | undefined;
  /** Add no models that the catalog doesn't have. */
  existing: boolean;
  /** The new file; left out: nothing is written. */
  write: string | undefined;
}

export interface ImportResult {
  form: string;
  /** Where the new rows begin, ISO 8601. */
  from: string;
  plan: ImportPlan;
  /** The new file; null = nothing was written. */
  written: string | null;
}

const MINUTE_MS = 60_000;

/**
 * Compares a price list with a catalog, and writes the catalog with the list's prices where `args.write` names a file. `now`: ms. Throws Error with a
 * message for the operator.
 */
export function importPrices(file: CatalogFile, args: ImportArgs, now: number): ImportResult {
  const from =
    args.effective ?? new Date(Math.ceil(now / MINUTE_MS) * MINUTE_MS).toISOString().replace(":00.000Z", ":00Z");
  checkStart(from, now);
  const list = readPriceList(readTextFile(args.from));
  const text = new CatalogText(file.text);
  const globs = args.models?.split(",").map((item) => item.trim()) ?? ["*"];
  const accepts = (id: string): boolean =>
    globs.some((glob) => matchesGlob(glob, id)) && (!args.existing || file.catalog.models.has(id));
  const plan = planImport(file.catalog, text.models(), list.models, { from, accepts });
  if (args.write !== undefined) writeCatalog(file, text, plan, args.write);
  return { form: list.form, from, plan, written: args.write ?? null };
}

/** Calls that were made keep their price: a row can't begin before now. */
function checkStart(from: string, now: number): void {
  const at = parseDay(from);
  if (Number.isNaN(at)) throw new CommandError(`--effective must be a date such as 2026-12-01, not ${from}`);
  if (at < now) {
    throw new CommandError(
      `--effective ${from} lies in the past: calls that were made keep their price; leave it out for now, or use prices rerate to see what they would have cost`,
    );
  }
}

/** The new text is read back before it is written: it must be in order, and still have every row that calls may have been priced by. */
function writeCatalog(file: CatalogFile, text: CatalogText, plan: ImportPlan, path: string): void {
  if (existsSync(path)) throw new CommandError(`${path} is there already; name a new file`);
  for (const { entry, row } of plan.changed) text.addPrice(entry.index, row);
  for (const { model } of plan.added) text.addModel(model);
  const written = text.toString();
  const loaded = loadCatalog(written, { file: path, env: file.env });
  if (!loaded.ok)
    throw new CommandError(`the result is no good catalog:\n${loaded.problems.map(formatProblem).join("\n")}`);
  const versions = new Set(
    [...loaded.catalog.models.values()].flatMap(({ prices }) => prices.map(({ version }) => version)),
  );
  const lost = [...file.catalog.models.values()]
    .flatMap(({ prices }) => prices)
    .find(({ version }) => !versions.has(version));
  if (lost !== undefined) throw new CommandError(`the result has lost the price row ${lost.version}`);
  writeFileSync(path, written, { mode: 0o600, flag: "wx" });
}

/** The plan as people read it. USD per 1M tokens. */
export function importText({ form, from, plan, written }: ImportResult): string {
  const lines: string[] = [`${form} form; new rows begin at ${from}; USD per 1M tokens`];
  for (const { entry, facts, kept } of plan.changed) {
    lines.push("", `~ ${entry.id} at ${entry.providers.join(", ")}`, ...factLines(facts));
    if (kept.length > 0) lines.push(`    not in the list, kept: ${kept.join(", ")}`);
  }
  for (const { model, facts } of plan.added)
    lines.push("", `+ ${model.id} at ${String(model.provider)}`, ...factLines(facts));
  if (plan.removed.length > 0) lines.push("", "- not in the list, their rows stay:");
  for (const [provider, ids] of byProvider(plan.removed)) lines.push(`    ${provider}: ${ids.join(", ")}`);
  if (plan.unmapped.length > 0) lines.push("", "not mapped:");
  for (const { model, provider, reasons } of plan.unmapped)
    lines.push(`  ${model}${provider === null ? "" : ` at ${provider}`}: ${reasons.join("; ")}`);
  const { changed, added, removed, unchanged, elsewhere } = plan;
  lines.push(
    "",
    `${changed.length} changed, ${added.length} added, ${removed.length} removed, ${unchanged.length} unchanged; ${elsewhere} at providers that the catalog doesn't have`,
  );
  if (written !== null) lines.push(`written: ${written}`);
  else if (changed.length + added.length > 0)
    lines.push("nothing written; --write FILE writes the catalog with these rows");
  return `${lines.join("\n")}\n`;
}

function byProvider(entries: ImportPlan["removed"]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { id, providers } of entries) {
    const name = providers.join(", ");
    groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  return groups;
}

function factLines(facts: readonly FactChange[]): string[] {
  const width = Math.max(...facts.map(({ name }) => name.length));
  return facts.map(({ name, before, after }) => `    ${name.padEnd(width)}  ${before ?? "–"} → ${after ?? "–"}`);
}

/** The plan as one line of JSON. USD per 1M tokens, as texts. */
export function importJson({ form, from, plan, written }: ImportResult): string {
  const { changed, added, removed, unchanged, unmapped, elsewhere } = plan;
  return `${JSON.stringify({
    form,
    from,
    changed: changed.map(({ entry, facts, kept }) => ({
      model: entry.id,
      providers: entry.providers,
      prices: facts,
      kept,
    })),
    added: added.map(({ model, facts }) => ({ model: model.id, providers: [model.provider], prices: facts })),
    removed: removed.map(({ id, providers }) => ({ model: id, providers })),
    unchanged: unchanged.map(({ id }) => id),
    unmapped,
    elsewhere,
    written,
  })}\n`;
}
