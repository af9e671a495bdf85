import { buildPrices } from "../build-prices.ts";
import type { ModelEntry } from "../edit.ts";
import { currentPrice } from "../price.ts";
import { Problems } from "../problems.ts";
import { factsOf, rawPriceOf, TTLS, withoutRepeats } from "../raw-price.ts";
import type { RawModel, RawPrice } from "../schema.ts";
import type { Catalog, Model } from "../types.ts";
import type { ListedModel } from "./draft.ts";

/** One amount that differs; null = there is none, and the class inherits. */
export interface FactChange {
  name: string;
  before: string | null;
  after: string | null;
}

/** A row of the catalog that the list prices otherwise. */
export interface PlannedChange {
  entry: ModelEntry;
  /** The whole new row. */
  row: RawPrice & { from: string };
  facts: FactChange[];
  /** What the list doesn't tell, and the row in force has. */
  kept: string[];
}

/** What taking over a list would do. */
export interface ImportPlan {
  changed: PlannedChange[];
  /** Models at providers of the catalog that it has no row for. */
  added: { model: RawModel; facts: FactChange[] }[];
  /** Rows whose provider the list has, but not them. They stay. */
  removed: ModelEntry[];
  unchanged: ModelEntry[];
  /** What the list tells and a row can't hold. */
  unmapped: { model: string; provider: string | null; reasons: string[] }[];
  /** Models of the list at organisations that the catalog doesn't have. */
  elsewhere: number;
}

/** Which rows are taken over, and from when on. */
export interface ImportOptions {
  /** ISO 8601; the first moment of the new rows. */
  from: string;
  /** Whether a model may be added or changed, by its id. */
  accepts(id: string): boolean;
}

/** What taking over a list would do to a catalog's price book. Nothing is changed. `entries` are those of the catalog's text. */
export function planImport(
  catalog: Catalog,
  entries: readonly ModelEntry[],
  list: readonly ListedModel[],
  options: ImportOptions,
): ImportPlan {
  const plan: ImportPlan = { changed: [], added: [], removed: [], unchanged: [], unmapped: [], elsewhere: 0 };
  const listed = new Map(list.toReversed().map((model) => [keyOf(model.provider, model.upstream), model]));
  const covered = new Set(list.map(({ provider }) => provider));
  const met = new Set<string>();
  for (const entry of entries) {
    const model = rowOf(catalog, entry);
    if (model === null) continue;
    const names = organisationsOf(catalog, model.provider).filter((name) => covered.has(name));
    const keys = [...names, null].map((name) => keyOf(name, model.upstream));
    for (const key of keys) met.add(key);
    if (!options.accepts(model.id)) continue;
    const found = keys.map((key) => listed.get(key)).find((item) => item !== undefined);
    if (found !== undefined) compareRow(plan, entry, model, found, options.from);
    else if (names.length > 0) plan.removed.push(entry);
  }
  const taken = namesOf(catalog);
  for (const [key, model] of listed) if (!met.has(key)) addModel(plan, catalog, model, { ...options, taken });
  plan.unmapped.sort((a, b) => (a.model < b.model ? -1 : 1));
  return plan;
}

const keyOf = (provider: string | null, upstream: string): string => `${provider ?? ""}\n${upstream}`;

/** Every name that means something already. */
function namesOf(catalog: Catalog): Set<string> {
  const dated = [...catalog.models.values()].flatMap((model) =>
    [model, ...(model.alternates ?? [])].flatMap((row) => row.dated ?? []),
  );
  return new Set([...catalog.models.keys(), ...catalog.aliases.keys(), ...catalog.routing.words.keys(), ...dated]);
}

function rowOf(catalog: Catalog, { id, providers }: ModelEntry): Model | null {
  const model = catalog.models.get(id);
  if (model === undefined) return null;
  return [model, ...(model.alternates ?? [])].find(({ provider }) => provider === providers[0]) ?? null;
}

/** Names by which a list may have a provider of the catalog. */
function organisationsOf(catalog: Catalog, provider: string): string[] {
  const realm = catalog.providers.get(provider)?.realm;
  return realm === undefined || realm === provider ? [provider] : [provider, realm];
}

function compareRow(plan: ImportPlan, entry: ModelEntry, model: Model, listed: ListedModel, from: string): void {
  const { provider } = listed;
  const say = (reasons: string[]): void => void plan.unmapped.push({ model: model.id, provider, reasons });
  const at = Date.parse(from);
  const current = currentPrice(model, at);
  if (current?.free === true) return say(["the catalog declares it free"]);
  if (listed.price === null) return say(listed.unmapped.length > 0 ? listed.unmapped : ["free in the list"]);
  if (listed.unmapped.length > 0) say(listed.unmapped);
  const before = current === null ? {} : rawPriceOf(current);
  const row = { from, ...merge(before, listed.price) };
  const after = normal(model, row);
  const facts = differences(factsOf(before), factsOf(after));
  if (facts.length === 0) plan.unchanged.push(entry);
  else if (model.prices.some(({ effectiveFrom }) => effectiveFrom === at)) say([`a row from ${from} is there already`]);
  else {
    const told = factsOf(listed.price);
    const kept = [...factsOf(before).keys()].filter(
      (name) => !told.has(name) && !facts.some((fact) => fact.name === name),
    );
    plan.changed.push({ entry, row: { from, ...after }, facts, kept });
  }
}

/** As the catalog itself would read it: what only repeats what is inherited goes. */
function normal(model: { id: string; provider: string }, price: RawPrice): RawPrice {
  const problems = new Problems("the new row", () => ({ line: 1, col: 1 }));
  const [row] = buildPrices({ id: model.id, provider: model.provider, price }, [], problems, []);
  if (row === undefined) throw new Error(problems.list()[0]?.message ?? "the row can't be read");
  return rawPriceOf(row);
}

/** The list's amounts over the row's own. Tiers are taken over whole: half of one would be a price that nobody has told. */
function merge(own: RawPrice, told: RawPrice): RawPrice {
  const merged: RawPrice = { ...own, ...told };
  if (told.cache_write !== undefined) merged.cache_write = { ...writesOf(own), ...writesOf(told) };
  if (own.modifiers !== undefined) merged.modifiers = { ...own.modifiers, ...told.modifiers };
  if (own.tool_fees !== undefined) merged.tool_fees = { ...own.tool_fees, ...told.tool_fees };
  return withoutRepeats(merged);
}

function writesOf({ cache_write: write }: RawPrice): Record<string, string> {
  if (typeof write !== "string") return { ...write };
  return Object.fromEntries(TTLS.map((ttl) => [ttl, write]));
}

function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FactChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((name) => ({ name, before: before.get(name) ?? null, after: after.get(name) ?? null }))
    .filter((fact) => fact.before !== fact.after);
}

const MODEL_ID = /^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$/;

/** A model that the catalog doesn't have yet. It is not listed, so that no routing word takes it before somebody has looked at it. */
function addModel(
  plan: ImportPlan,
  catalog: Catalog,
  listed: ListedModel,
  { from, accepts, taken }: ImportOptions & { taken: ReadonlySet<string> },
): void {
  const provider = [...catalog.providers.keys()].find((name) =>
    organisationsOf(catalog, name).some((item) => item === listed.provider),
  );
  if (provider === undefined) {
    plan.elsewhere += 1;
    return;
  }
  const { upstream, price, facts } = listed;
  if (!accepts(upstream) || taken.has(upstream) || !MODEL_ID.test(upstream)) return;
  if (listed.unmapped.length > 0)
    plan.unmapped.push({ model: upstream, provider: listed.provider, reasons: listed.unmapped });
  if (price === null) return;
  const row = normal({ id: upstream, provider }, price);
  const model: RawModel = {
    id: upstream,
    provider,
    ...(facts.name === null ? {} : { name: facts.name }),
    ...(facts.context === null ? {} : { context: facts.context }),
    ...(facts.maxOutput === null ? {} : { max_output: facts.maxOutput }),
    capabilities: facts.capabilities,
    listed: false,
    prices: [{ from, ...row }],
  };
  plan.added.push({ model, facts: differences(new Map(), factsOf(row)) });
}
