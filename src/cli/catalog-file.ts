import type { Catalog } from "../catalog/types.ts";
import { CommandError } from "./transport.ts";

/** A catalog that is in order, with its text. */
export interface CatalogFile {
  catalog: Catalog;
  text: string;
  env: Readonly<Record<string, string | undefined>>;
}

export interface CatalogFlags {
  catalog?: string | undefined;
  profile?: string | undefined;
}

/** Reads the catalog that the flags name. */
export type ReadCatalog = (flags: CatalogFlags) => ({ ok: true } & CatalogFile) | { ok: false; problems: string[] };

/** The same. Throws CommandError with every mistake in it. */
export function readOrFail(read: ReadCatalog, flags: CatalogFlags): CatalogFile {
  const result = read(flags);
  if (result.ok) return result;
  throw new CommandError(`the catalog can't be used:\n${result.problems.join("\n")}`);
}
