import { defineCommand } from "citty";
import type { Output } from "./output.ts";
import { type CatalogFile, importJson, importPrices, importText } from "./prices-import.ts";
import { CommandError } from "./transport.ts";

export interface PricesContext {
  out: Output;
  now(): number;
  /** Reads the catalog that these flags name, with its text. */
  read(flags: { catalog?: string; profile?: string }): ({ ok: true } & CatalogFile) | { ok: false; problems: string[] };
}

const catalogArgs = {
  catalog: { type: "string", description: "catalog file (TOLLGATE_CATALOG, default: built in)" },
  profile: { type: "string", description: "a built-in profile instead of a file" },
  json: { type: "boolean", description: "print JSON" },
} as const;

function read(context: PricesContext, given: { catalog?: string; profile?: string }): CatalogFile {
  const flags: { catalog?: string; profile?: string } = {};
  if (given.catalog !== undefined) flags.catalog = given.catalog;
  if (given.profile !== undefined) flags.profile = given.profile;
  const result = context.read(flags);
  if (!result.ok) throw new CommandError(`the catalog can't be used:\n${result.problems.join("\n")}`);
  return result;
}

export function pricesCommand(context: PricesContext) {
  return defineCommand({
    meta: { name: "prices", description: "The price book: import" },
    subCommands: { import: importCommand(context) },
  });
}

function importCommand(context: PricesContext) {
  return defineCommand({
    meta: {
      name: "import",
      description: "Compare a price list with the catalog, and write the catalog with its prices",
    },
    args: {
      from: { type: "string", required: true, description: "file of LiteLLM's or models.dev's form" },
      ...catalogArgs,
      effective: { type: "string", description: "when the new rows begin, ISO 8601; default: now" },
      models: { type: "string", description: "only these models, globs separated by commas" },
      existing: { type: "boolean", description: "add no models that the catalog doesn't have" },
      write: { type: "string", description: "new file for the catalog with the list's prices" },
    },
    run: ({ args }) => {
      const { from, effective, models, write } = args;
      const file = read(context, args);
      try {
        const result = importPrices(
          file,
          { from, effective, models, write, existing: args.existing === true },
          context.now(),
        );
        context.out.write(args.json === true ? importJson(result) : importText(result));
      } catch (error) {
        throw error instanceof CommandError
          ? error
          : new CommandError(error instanceof Error ? error.message : String(error));
      }
    },
  });
}
