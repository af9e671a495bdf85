/** Writes docs/dialects.md: what becomes of every feature between every two dialects. */
import { dialectsPage } from "../test/matrix/document.ts";

await Bun.write(`${import.meta.dir}/../docs/dialects.md`, dialectsPage());
