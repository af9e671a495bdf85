/**
 * Builds dist/tollgate, one file that holds everything: migrations, pages, the docs UI, the default catalog and the profiles.
 * Options: --outfile PATH.
 */
import { parseArgs } from "node:util";
import { $ } from "bun";
import { version } from "../package.json";

const { values } = parseArgs({ options: { outfile: { type: "string", default: "dist/tollgate" } } });
await $`bun build --compile --minify-syntax --minify-whitespace --bytecode --format=esm --sourcemap \
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig --compile-exec-argv=--max-http-header-size=65536 \
  --define process.env.TOLLGATE_VERSION=${JSON.stringify(version)} \
  src/main.ts --outfile ${values.outfile}`.env({ ...process.env, NODE_ENV: "production" });
