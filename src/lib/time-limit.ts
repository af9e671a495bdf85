/** ms by which a timer comes late when its whole process stood still: stopped, suspended with its machine, starved of its processor. */
export const STANDSTILL_MS = 1_000;

/**
 * Calls `onEnd` after `ms`. A timer that a standstill made late fires before anything that has come meanwhile is read, so that it would find everybody
 * too slow: they get `STANDSTILL_MS` more. Gives what lifts the limit.
 */
export function startTimeLimit(ms: number, onEnd: () => void): () => void {
  const due = performance.now() + ms;
  const end = (): void => {
    if (performance.now() - due <= STANDSTILL_MS) return onEnd();
    timer = setTimeout(onEnd, STANDSTILL_MS);
  };
  let timer = setTimeout(end, ms);
  return () => clearTimeout(timer);
}
