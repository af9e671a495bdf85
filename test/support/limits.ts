/**
 * ms after which a test is taken to hang: what the test command gives to `bun test`, and what files with long tests ask for, so that they can be run without it.
 * It measures nothing: a machine that is busy, or stands still for a minute, fails no test.
 */
export const HANGING_MS = 300_000;
