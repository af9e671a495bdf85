/**
 * Builds dist/tollgate, one file that holds everything: migrations, pages, the docs UI, the default catalog and the profiles.
 * Options: --outfile PATH.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";
import { compileCatalog } from "../src/catalog/compiled.ts";

const ROOT = join(import.meta.dir, "..");
const { values } = parseArgs({ options: { outfile: { type: "string", default: join(ROOT, "dist/tollgate") } } });

/** The built-in catalogs are read at every start: they go in already parsed. */
const compiledCatalogs: BunPlugin = {
  name: "compiled-catalogs",
  setup(build) {
    build.onLoad({ filter: /\.yaml$/ }, async ({ path }) => ({
      contents: compileCatalog(await Bun.file(path).text()),
      loader: "text",
    }));
  },
};

// Bun takes NODE_ENV from the build, not from where the file runs.
process.env["NODE_ENV"] = "production";
const result = await Bun.build({
  entrypoints: [join(ROOT, "src/main.ts")],
  target: "bun",
  format: "esm",
  bytecode: true,
  sourcemap: "linked",
  // Renaming identifiers as well would break Elysia, which reads its handlers' source text.
  minify: { syntax: true, whitespace: true, identifiers: false },
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [compiledCatalogs],
  compile: {
    outfile: values.outfile,
    // Neither .env nor bunfig.toml of the folder it happens to run in.
    autoloadDotenv: false,
    autoloadBunfig: false,
    // Request line and headers together; more is a 431.
    execArgv: ["--max-http-header-size=32768"],
  },
});
if (!result.success) throw new AggregateError(result.logs, "the build failed");
process.stdout.write(`${values.outfile}\n`);
