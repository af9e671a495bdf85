/** Loaded before the gateway where its memory is measured: SIGUSR2 collects all garbage, so that what is left is what it keeps. */
process.on("SIGUSR2", () => Bun.gc(true));
