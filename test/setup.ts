/** Loaded before every test file, by `bunfig.toml`. */
import { setDefaultTimeout } from "bun:test";

/**
 * ms after which a test is taken to hang. It measures nothing: a machine that is busy, or stands still for a minute, fails no test. `TOLLGATE_TEST_LIMIT_MS`
 * shortens it for runs in which many tests are meant to hang.
 */
setDefaultTimeout(Number(process.env["TOLLGATE_TEST_LIMIT_MS"] ?? 300_000));
