import type { BreakerSettings } from "../catalog/types.ts";
import type { Health, HealthRow, Target } from "./types.ts";

/** Breaker state of one provider × credential × model. Times are ms as the caller passes them in. */
interface Channel {
  provider: string;
  credential: string;
  model: string;
  consecutiveFailures: number;
  window: Window;
  /** Null = closed. */
  pause: Span | null;
  /** Openings in a row without a success between; the pause grows with it. */
  openings: number;
  /** Start of the probe that is under way; null = none. */
  probeSince: number | null;
  lastAttempt: number;
  averageFirstTokenMs: number | null;
  reason: string | null;
}

/** A stretch of time. A clock that has gone back to before its begin ends it, so that a jump shuts nothing for hours. */
interface Span {
  from: number;
  until: number;
}

/** State of a credential, for all its models. */
interface CredentialState {
  cooling: Span | null;
  disabled: string | null;
}

/** Outcomes of the last window in slices, so that memory does not grow with the calls. */
interface Window {
  /** Index of the newest slice, by time. */
  slice: number;
  calls: number[];
  failures: number[];
}

const SLICES = 10;
/** Channels remembered at most; the one not used for longest is forgotten first. */
const MAX_CHANNELS = 10_000;
/** A probe that has told nothing for so long is taken as lost. */
const PROBE_LOST_MS = 120_000;
/** A channel that is the last one left gets one attempt in so long, though it is open. */
const TRICKLE_MS = 1000;

export interface HealthOptions {
  /** Read at each decision, so that a reload takes effect. */
  settings: () => BreakerSettings;
  /** In [0, 1): jitter of the pauses. */
  random: () => number;
}

/**
 * Breakers per provider × credential × model, cooling and disabling per credential. No I/O and no clock of its own. With the breaker
 * switched off it only observes: every channel is available.
 */
export class BreakerHealth implements Health {
  readonly #options: HealthOptions;
  readonly #channels = new Map<string, Channel>();
  readonly #credentials = new Map<string, CredentialState>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  available(target: Target, now: number): boolean {
    if (!this.#options.settings().enabled) return true;
    const credential = this.#credentials.get(credentialKey(target));
    if (credential !== undefined && (credential.disabled !== null || within(credential.cooling, now))) return false;
    const channel = this.#channels.get(channelKey(target));
    if (channel === undefined || channel.pause === null) return true;
    return !within(channel.pause, now) && !probing(channel, now);
  }

  /** True when a channel that is the last one left may be tried though it is open: once a second. Never while it cools. */
  trickle(target: Target, now: number): boolean {
    const credential = this.#credentials.get(credentialKey(target));
    if (credential !== undefined && within(credential.cooling, now)) return false;
    const channel = this.#channels.get(channelKey(target));
    return channel === undefined || Math.abs(now - channel.lastAttempt) >= TRICKLE_MS;
  }

  begin(target: Target, now: number): void {
    const channel = this.#channel(target);
    channel.lastAttempt = now;
    if (channel.pause !== null) channel.probeSince = now;
  }

  succeed(target: Target, now: number, firstTokenMs: number): void {
    const channel = this.#channel(target);
    count(channel.window, this.#options.settings(), now, false);
    channel.consecutiveFailures = 0;
    channel.probeSince = null;
    if (channel.pause !== null) channel.window = emptyWindow();
    channel.pause = null;
    channel.openings = 0;
    channel.reason = null;
    const average = channel.averageFirstTokenMs;
    channel.averageFirstTokenMs = average === null ? firstTokenMs : average + (firstTokenMs - average) / 8;
    this.#credentials.delete(credentialKey(target));
  }

  fail(target: Target, now: number, kind: "fail" | "slow"): void {
    const settings = this.#options.settings();
    const channel = this.#channel(target);
    channel.consecutiveFailures += 1;
    channel.probeSince = null;
    count(channel.window, settings, now, true);
    const { calls, failures } = totals(channel.window, settings, now);
    const often = calls >= settings.minimumCalls && failures / calls >= settings.failureRate;
    if (channel.pause === null && channel.consecutiveFailures < settings.consecutiveFailures && !often) return;
    // Late failures of calls that began before the opening do not open it once more.
    if (within(channel.pause, now)) return;
    channel.openings += 1;
    channel.pause = { from: now, until: now + this.#pauseMs(channel.openings) };
    channel.reason = kind === "slow" ? "time to first token" : `${channel.consecutiveFailures} failures in a row`;
    if (often) channel.reason = `${failures} of ${calls} calls failed`;
  }

  release(target: Target): void {
    const channel = this.#channels.get(channelKey(target));
    if (channel !== undefined) channel.probeSince = null;
  }

  cool(target: Target, now: number, ms: number): void {
    this.#channel(target).probeSince = null;
    const state = this.#credential(target);
    const earlier = within(state.cooling, now) ? (state.cooling?.until ?? now) : now;
    state.cooling = { from: now, until: Math.max(earlier, now + ms) };
  }

  disable(target: Target, _now: number, reason: string): void {
    this.#channel(target).probeSince = null;
    this.#credential(target).disabled = reason;
  }

  retryAt(targets: readonly Target[], now: number): number | null {
    let earliest: number | null = null;
    for (const target of targets) {
      if (this.available(target, now)) return null;
      const at = this.#readyAt(target, now);
      if (earliest === null || at < earliest) earliest = at;
    }
    return earliest;
  }

  snapshot(now: number): HealthRow[] {
    const settings = this.#options.settings();
    return [...this.#channels.values()].map((channel) => {
      const credential = this.#credentials.get(`${channel.provider}\0${channel.credential}`);
      const state = stateOf(channel, credential, now);
      const span = state === "cooling" ? credential?.cooling : state === "open" ? channel.pause : null;
      return {
        provider: channel.provider,
        credential: channel.credential,
        model: channel.model,
        state,
        consecutiveFailures: channel.consecutiveFailures,
        ...totals(channel.window, settings, now),
        averageFirstTokenMs: channel.averageFirstTokenMs,
        retryAt: span?.until ?? null,
        reason: state === "disabled" ? (credential?.disabled ?? null) : channel.reason,
      };
    });
  }

  reset(): void {
    this.#channels.clear();
    this.#credentials.clear();
  }

  #readyAt(target: Target, now: number): number {
    const credential = this.#credentials.get(credentialKey(target));
    const channel = this.#channels.get(channelKey(target));
    const cooled = within(credential?.cooling ?? null, now) ? (credential?.cooling?.until ?? now) : now;
    const trickle = Math.max(now, (channel?.lastAttempt ?? 0) + TRICKLE_MS);
    if (credential !== undefined && credential.disabled !== null) return Math.max(trickle, cooled);
    const paused = within(channel?.pause ?? null, now) ? (channel?.pause?.until ?? now) : now;
    return Math.max(cooled, paused, probing(channel, now) ? trickle : now);
  }

  /** Grows with each opening up to the bound, ± 10 % so that many gateways do not probe at once. */
  #pauseMs(openings: number): number {
    const { openMs, maxOpenMs } = this.#options.settings();
    return Math.round(Math.min(openMs * openings, maxOpenMs) * (0.9 + this.#options.random() * 0.2));
  }

  #credential(target: Target): CredentialState {
    const key = credentialKey(target);
    let state = this.#credentials.get(key);
    if (state === undefined) {
      state = { cooling: null, disabled: null };
      this.#credentials.set(key, state);
      forgetOldest(this.#credentials);
    }
    return state;
  }

  #channel(target: Target): Channel {
    const key = channelKey(target);
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = newChannel(target);
      this.#channels.set(key, channel);
      forgetOldest(this.#channels);
    }
    return channel;
  }
}

const credentialKey = (target: Target): string => `${target.provider.name}\0${target.credential.id}`;
const channelKey = (target: Target): string => `${credentialKey(target)}\0${target.model.id}`;

function newChannel(target: Target): Channel {
  return {
    provider: target.provider.name,
    credential: target.credential.id,
    model: target.model.id,
    consecutiveFailures: 0,
    window: emptyWindow(),
    pause: null,
    openings: 0,
    probeSince: null,
    lastAttempt: Number.NEGATIVE_INFINITY,
    averageFirstTokenMs: null,
    reason: null,
  };
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size <= MAX_CHANNELS) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}

const within = (span: Span | null, now: number): boolean => span !== null && now >= span.from && now < span.until;

const probing = (channel: Channel | undefined, now: number): boolean =>
  channel !== undefined && channel.probeSince !== null && Math.abs(now - channel.probeSince) < PROBE_LOST_MS;

function stateOf(channel: Channel, credential: CredentialState | undefined, now: number): HealthRow["state"] {
  if (credential !== undefined && credential.disabled !== null) return "disabled";
  if (within(credential?.cooling ?? null, now)) return "cooling";
  if (channel.pause === null) return "closed";
  return within(channel.pause, now) ? "open" : "half-open";
}

const emptyWindow = (): Window => ({ slice: 0, calls: Array(SLICES).fill(0), failures: Array(SLICES).fill(0) });

/** Clears the slices that have fallen out of the window. A clock that goes back counts into the newest slice. */
function advance(window: Window, settings: BreakerSettings, now: number): void {
  const slice = Math.floor(now / (settings.windowMs / SLICES));
  if (slice <= window.slice) return;
  for (let passed = Math.min(slice - window.slice, SLICES); passed > 0; passed -= 1) {
    const index = (slice - passed + 1) % SLICES;
    window.calls[index] = 0;
    window.failures[index] = 0;
  }
  window.slice = slice;
}

function count(window: Window, settings: BreakerSettings, now: number, failed: boolean): void {
  advance(window, settings, now);
  const index = window.slice % SLICES;
  window.calls[index] = (window.calls[index] ?? 0) + 1;
  if (failed) window.failures[index] = (window.failures[index] ?? 0) + 1;
}

function totals(window: Window, settings: BreakerSettings, now: number): { calls: number; failures: number } {
  advance(window, settings, now);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { calls: sum(window.calls), failures: sum(window.failures) };
}
