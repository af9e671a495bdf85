/** Time as a value that is passed in, so that tests and the simulator own it. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** Monotonic milliseconds with fraction; only differences mean anything. Never jumps. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A day, ms. Days of a time zone may be an hour longer or shorter. */
export const DAY_MS = 86_400_000;
