import { defineCommand } from "citty";
import { isReady } from "../catalog/resolve.ts";
import type { Catalog } from "../catalog/types.ts";
import { toDecimal } from "../lib/rational.ts";
import { type CatalogFlags, type ReadCatalog, readOrFail } from "./catalog-file.ts";
import { catalogFlags, jsonFlag } from "./flags.ts";
import { type Output, printResult } from "./output.ts";

export interface CatalogContext {
  out: Output;
  read: ReadCatalog;
}

const args = {
  file: { type: "positional", required: false, description: "catalog file, as --catalog" },
  ...catalogFlags,
  ...jsonFlag,
} as const;

const read = (
  context: CatalogContext,
  { file, catalog, profile }: CatalogFlags & { file?: string | undefined },
): Catalog => readOrFail(context.read, { catalog: file ?? catalog, profile }).catalog;

function modelRows(catalog: Catalog): Record<string, unknown>[] {
  return [...catalog.models.values()].map((model) => {
    const provider = catalog.providers.get(model.provider);
    const prices = model.prices[0]?.perMillion;
    const usd = (name: "input" | "output"): string | null => {
      const price = prices?.get(name);
      return price === undefined ? null : toDecimal(price);
    };
    return {
      model: model.id,
      provider: model.provider,
      upstream: model.upstream,
      context: model.context,
      input_usd: usd("input"),
      output_usd: usd("output"),
      ready: provider !== undefined && isReady(provider),
    };
  });
}

/** `catalog check` and `catalog show`: neither needs a data folder. */
export function catalogCommand(context: CatalogContext) {
  return defineCommand({
    meta: { name: "catalog", description: "The catalog: check, show" },
    subCommands: {
      check: defineCommand({
        meta: { name: "check", description: "Check a catalog; every mistake with its line, column and fix" },
        args,
        run: ({ args: given }) => {
          const catalog = read(context, given);
          for (const warning of catalog.warnings) context.out.write(`warning: ${warning}\n`);
          context.out.write(
            `ok: ${catalog.models.size} models, ${catalog.aliases.size} aliases, ${catalog.providers.size} providers\n`,
          );
        },
      }),
      show: defineCommand({
        meta: { name: "show", description: "Show models, providers and prices" },
        args,
        run: ({ args: given }) => printResult(context.out, modelRows(read(context, given)), given.json === true),
      }),
    },
  });
}
