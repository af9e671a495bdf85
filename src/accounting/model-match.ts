import type { Catalog, Model } from "../catalog/types.ts";

/** What stands behind a model's name in the id of a dated release. */
const DATE = /-(?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/** `Claude Haiku 4.5` and `claude-haiku-4-5` are one name. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");

/** Names under which a provider bills, and the models of the catalog behind them. */
export interface ModelNames {
  /** The id that stands for all ids that are one model at the provider (service tiers, say); unknown ids stand for themselves. */
  ofOurs(modelId: string): string;
  /** The same for a name in the provider's report; null when no model of this provider is called so. */
  ofTheirs(label: string): string | null;
}

/** Matches by upstream id, own id, dated id or name for people, without regard to case and punctuation; a release date last. */
export function modelNames(catalog: Catalog, provider: string): ModelNames {
  const rows = [...catalog.models.values()]
    .flatMap((model): Model[] => [model, ...(model.alternates ?? [])])
    .filter((model) => model.provider === provider);
  const byUpstream = new Map<string, string>();
  const byName = new Map<string, string>();
  const ours = new Map<string, string>();
  for (const { id, upstream, displayName, dated = [] } of rows) {
    const billed = plain(upstream);
    const shown = byUpstream.get(billed) ?? id;
    byUpstream.set(billed, shown);
    ours.set(id, shown);
    const names = [id, id.slice(id.lastIndexOf("/") + 1), displayName, ...dated].map(plain);
    for (const name of names) if (!byName.has(name)) byName.set(name, shown);
  }
  const known = (name: string): string | null => byUpstream.get(name) ?? byName.get(name) ?? null;
  return {
    ofOurs: (modelId) => ours.get(modelId) ?? modelId,
    ofTheirs: (label) => known(plain(label)) ?? known(plain(label).replace(DATE, "")),
  };
}
