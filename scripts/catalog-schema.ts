/** Writes docs/catalog.schema.json, which editors check catalog files by, from the schema that the gateway itself checks them by. */
import { join } from "node:path";
import { editorSchema } from "../src/catalog/schema.ts";

await Bun.write(join(import.meta.dir, "../docs/catalog.schema.json"), editorSchema());
