import { CAPABILITIES, type Capability } from "../ir/target.ts";
import { parseDecimal } from "../lib/rational.ts";
import { buildPrices, freeRow, parseDay } from "./build-prices.ts";
import { nanoAmount } from "./build-settings.ts";
import { warnOfLonely } from "./equivalents.ts";
import { nearestNames } from "./nearest.ts";
import type { Path, Problems } from "./problems.ts";
import type { RawModel } from "./schema.ts";
import type { Model, Provider } from "./types.ts";

/** Context window of a row that names none: wide enough for nothing to be refused by mistake, bounded for holds. */
const DEFAULT_CONTEXT = 128_000;

/**
 * Model rows by id. The same id may stand at several providers: the first row is the model, the others its alternates, asked when the
 * first provider fails. The same id twice at one provider is a mistake, as is a provider that the file does not have.
 */
export function buildModels(
  raw: readonly RawModel[],
  providers: ReadonlyMap<string, Provider>,
  problems: Problems,
  warnings: string[],
): Map<string, Model> {
  const rows = new Map<string, Model[]>();
  for (const [index, item] of raw.entries()) {
    const path: Path = ["models", index];
    const built = buildModel(item, path, problems, warnings);
    for (const provider of typeof item.provider === "string" ? [item.provider] : item.provider) {
      if (!providers.has(provider)) {
        const [nearest] = nearestNames(provider, providers.keys(), 1);
        const fix = nearest === undefined ? "add it under providers" : `did you mean ${JSON.stringify(nearest)}?`;
        problems.add([...path, "provider"], `no provider is called ${JSON.stringify(provider)}; ${fix}`);
      }
      const same = rows.get(item.id) ?? [];
      if (same.some((other) => other.provider === provider)) {
        problems.add([...path, "id"], `${item.id} stands twice at provider ${provider}; remove one or rename it`);
        continue;
      }
      // Echo costs nobody anything: without a price of its own it is free.
      const isEcho = providers.get(provider)?.kind === "echo" && built.prices.length === 0;
      rows.set(item.id, [...same, { ...built, provider, prices: isEcho ? [freeRow(item.id)] : built.prices }]);
    }
  }
  checkDated(raw, rows, problems);
  const models = [...rows].flatMap(([id, [first, ...others]]): [string, Model][] =>
    first === undefined ? [] : [[id, { ...first, alternates: others }]],
  );
  const built = new Map(models);
  warnOfLonely(built, warnings);
  return deriveDifficulty(built);
}

/** The row, at no provider yet. */
function buildModel(raw: RawModel, path: Path, problems: Problems, warnings: string[]): Omit<Model, "provider"> {
  const created = raw.created === undefined ? 0 : parseDay(raw.created);
  if (Number.isNaN(created)) problems.add([...path, "created"], "must be a date such as 2026-01-31");
  const context = raw.context ?? DEFAULT_CONTEXT;
  if (raw.default_output_cap !== undefined && raw.default_output_cap > (raw.max_output ?? Infinity)) {
    problems.add([...path, "default_output_cap"], `is more than max_output (${raw.max_output}); lower it`);
  }
  return {
    id: raw.id,
    upstream: raw.upstream ?? raw.id,
    displayName: raw.name ?? raw.id,
    context,
    maxOutput: raw.max_output ?? null,
    defaultOutputCap: raw.default_output_cap ?? null,
    capabilities: new Set(raw.capabilities ?? undeclared(raw)),
    flags: {
      sampling: raw.sampling ?? true,
      thinking: raw.thinking ?? null,
      prefill: raw.prefill ?? true,
      maxTokensField: raw.max_tokens_field ?? null,
    },
    prices: buildPrices(raw, path, problems, warnings),
    callCap: nanoAmount(raw.call_cap, [...path, "call_cap"], problems),
    markupPercent: raw.markup_percent === undefined ? null : parseDecimal(raw.markup_percent),
    quality: raw.quality ?? 50,
    speed: raw.speed ?? 50,
    difficulty: raw.difficulty ?? null,
    equivalents: raw.equivalents ?? [],
    listed: raw.listed ?? true,
    created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
    firstTokenTimeoutMs: raw.first_token_timeout_ms ?? null,
    serviceTier: raw.service_tier ?? null,
    dated: raw.dated ?? [],
  };
}

/**
 * What a row can do when it does not say: by its price embeddings (input only) or images (per image), else every way of generating,
 * since the provider will refuse what it can't do.
 */
function undeclared(raw: RawModel): readonly Capability[] {
  const rows = raw.prices ?? (raw.price === undefined || raw.price === "free" ? [] : [raw.price]);
  if (rows.some((row) => row.per_image !== undefined)) return ["image_generation"];
  if (rows.length > 0 && rows.every((row) => row.output === undefined && row.per_call === undefined))
    return ["embeddings"];
  return CAPABILITIES.filter((name) => name !== "embeddings" && name !== "image_generation");
}

/** A dated id that is also a row, or belongs to two rows, would be a name with two meanings. */
function checkDated(raw: readonly RawModel[], rows: ReadonlyMap<string, Model[]>, problems: Problems): void {
  const owners = new Map<string, string>();
  for (const [index, item] of raw.entries()) {
    for (const [place, name] of (item.dated ?? []).entries()) {
      const path: Path = ["models", index, "dated", place];
      const owner = owners.get(name);
      if (rows.has(name)) problems.add(path, `${name} is a model of its own; remove it here or there`);
      else if (owner !== undefined && owner !== item.id) problems.add(path, `${name} belongs to ${owner} already`);
      owners.set(name, item.id);
    }
  }
}

/**
 * Where no row says how hard a task it is for, thirds by output price do: cheap rows simple, dear ones complex. Rows for embeddings
 * and images, free and unpriced ones are left out.
 */
function deriveDifficulty(models: Map<string, Model>): Map<string, Model> {
  if ([...models.values()].some((model) => model.difficulty !== null)) return models;
  const rank = (model: Model): number => {
    const price = model.prices[0]?.perMillion.get("output");
    return price === undefined ? 0 : Number(price.num) / Number(price.den);
  };
  const ranked = [...models.values()]
    .filter((model) => model.prices[0]?.free === false && !model.capabilities.has("embeddings"))
    .filter((model) => !model.capabilities.has("image_generation"))
    .sort((a, b) => rank(a) - rank(b));
  for (const [index, model] of ranked.entries()) {
    const third = ["simple", "medium", "complex"] as const;
    models.set(model.id, { ...model, difficulty: third[Math.floor((index * 3) / ranked.length)] ?? null });
  }
  return models;
}
