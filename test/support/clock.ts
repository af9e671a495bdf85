import { spyOn } from "bun:test";

/** The gateway's monotonic clock shows `ms` more, until the end of the block. Its timers run as before. */
export function laterBy(ms: number): Disposable {
  const now = performance.now.bind(performance);
  return spyOn(performance, "now").mockImplementation(() => now() + ms);
}

/** The gateway's monotonic clock stands still until the end of the block: what is counted per minute happens in one, whatever the machine does. */
export function standStill(): Disposable {
  return spyOn(performance, "now").mockReturnValue(performance.now());
}
