/**
 * fast-check with one seed: every run tries the same values, so that nobody's change fails for what has always been wrong. `TOLLGATE_SEED=2`
 * tries others; what they find is mended, or becomes an example.
 */
import { configureGlobal } from "fast-check";

configureGlobal({ seed: Number(process.env["TOLLGATE_SEED"] ?? 1) });

export * from "fast-check";
