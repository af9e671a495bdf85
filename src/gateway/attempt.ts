import { GatewayError, type UpstreamFailure } from "../ir/error.ts";
import type { Abortable } from "../lib/abort.ts";
import { decideFailover } from "../routing/failover.ts";
import type { Target } from "../routing/types.ts";
import { UpstreamError } from "../upstream/error.ts";
import { isClientFault } from "./failure.ts";
import { type Opened, openAnswer } from "./open.ts";
import type { LiveCall } from "./live-call.ts";
import { type Prepared, prepareChecked } from "./prepare.ts";

/** What an attempt does with a target: the bytes to send, and what is read of the answer. */
export interface AttemptSteps<T> {
  prepare(target: Target): Prepared;
  /** Rejects with UpstreamError. */
  open(prepared: Prepared, signal: Abortable): Promise<T>;
  /** Told the moment an attempt has succeeded. */
  opened?(answer: T): void;
}

/**
 * Runs down the plan until some target has given its first content. Rejects with UpstreamError, the failure that tells most.
 * Nothing reaches the client before this resolves, so failing over is free.
 */
export function firstAnswer(live: LiveCall, first: Prepared): Promise<Opened> {
  return attemptPlan(live, first, {
    prepare: (target) => prepareChecked(live, target),
    open: (prepared, signal) => openAnswer(live, prepared, signal),
    opened: ({ meter }) => {
      live.meter = meter;
    },
  });
}

/** The same for any operation. */
export async function attemptPlan<T>(live: LiveCall, first: Prepared, steps: AttemptSteps<T>): Promise<T> {
  const outcome = await attemptOnce(live, first, steps);
  if (!("failure" in outcome)) return outcome.opened;
  const place = { taken: false };
  try {
    return await goOn(live, first, outcome.failure, steps, place);
  } finally {
    if (place.taken) live.deps.retryBudget.release();
  }
}

/** After the first failure: again, or on down the plan. */
async function goOn<T>(
  live: LiveCall,
  first: Prepared,
  failed: UpstreamFailure,
  steps: AttemptSteps<T>,
  place: { taken: boolean },
): Promise<T> {
  const targets = live.plan?.targets ?? [];
  const { deadlineMs, totalTimeoutMs } = live.catalog.routing;
  const deadline = live.startedAt + (live.read.stream ? Math.min(deadlineMs, totalTimeoutMs) : totalTimeoutMs);
  let prepared = first;
  let index = 0;
  let retriesOfTarget = 0;
  const failures = [failed];
  for (let failure = failed; ; failures.push(failure)) {
    const decision = decideFailover({
      failure,
      attempt: live.attempts,
      retriesOfTarget,
      hasNext: index + 1 < targets.length,
      settings: live.catalog.routing,
      remainingMs: deadline - live.deps.clock.monotonic(),
      budget: live.deps.retryBudget,
      random: live.deps.random,
    });
    if (decision.kind === "give-up" || live.abort.signal.aborted) throw new UpstreamError(tellingFailure(failures));
    place.taken = true;
    await pause(decision.delayMs, live.abort.signal);
    if (live.abort.signal.aborted) throw new UpstreamError(tellingFailure(failures));
    if (decision.kind === "retry") retriesOfTarget += 1;
    else {
      retriesOfTarget = 0;
      const next = nextPrepared(targets, index + 1, steps);
      if (next === null) throw new UpstreamError(tellingFailure(failures));
      ({ prepared, index } = next);
    }
    const outcome = await attemptOnce(live, prepared, steps);
    if (!("failure" in outcome)) return outcome.opened;
    ({ failure } = outcome);
  }
}

/**
 * What the client is told of several failures: the last one, but of limits (429, 529) only when there was nothing else, and then of the one
 * that is over first.
 */
function tellingFailure(failures: readonly UpstreamFailure[]): UpstreamFailure {
  const last = failures.at(-1);
  if (last === undefined) throw new Error("nothing has failed");
  const others = failures.filter((failure) => !isLimit(failure));
  if (!isLimit(last) || others.length > 0) return others.at(-1) ?? last;
  const wait = (failure: UpstreamFailure): number => failure.retryAfterSeconds ?? 1;
  return failures.reduce((least, failure) => (wait(failure) < wait(least) ? failure : least));
}

const isLimit = ({ status }: UpstreamFailure): boolean => status === 429 || status === 529;

/** The next target of the plan that can take the request as it is; one that can't is no reason to refuse what the first one would have taken. */
function nextPrepared<T>(
  targets: readonly Target[],
  from: number,
  steps: AttemptSteps<T>,
): { prepared: Prepared; index: number } | null {
  for (const [index, target] of targets.entries()) {
    if (index < from) continue;
    try {
      return { prepared: steps.prepare(target), index };
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    }
  }
  return null;
}

async function attemptOnce<T>(
  live: LiveCall,
  prepared: Prepared,
  steps: AttemptSteps<T>,
): Promise<{ opened: T } | { failure: UpstreamFailure }> {
  const { health, clock } = live.deps;
  const { target } = prepared;
  const startedAt = clock.monotonic();
  live.attempts += 1;
  live.target = target;
  health.begin(target, clock.now());
  try {
    const opened = await steps.open(prepared, live.abort.signal);
    live.markFirstToken();
    health.succeed(target, clock.now(), clock.monotonic() - startedAt);
    live.requestLosses = prepared.losses;
    steps.opened?.(opened);
    return { opened };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    recordFailure(live, target, error.failure);
    live.lastFailure = error.failure;
    return { failure: error.failure };
  }
}

/** Tells the breaker. Faults of this machine and the client's own never count against a provider. */
function recordFailure(live: LiveCall, target: Target, failure: UpstreamFailure): void {
  const { health, clock, log } = live.deps;
  const now = clock.now();
  const facts = { request_id: live.call.requestId, provider: target.provider.name, model: target.model.id };
  log.warn("attempt failed", { ...facts, cause: failure.cause, status: failure.status, code: failure.code });
  reportHealth(health, target, failure, now);
}

/** Also used when a stream fails after its first content. */
export function reportHealth(
  health: LiveCall["deps"]["health"],
  target: Target,
  failure: UpstreamFailure,
  now: number,
): void {
  const { status } = failure;
  if (failure.cause === "local" || isClientFault(failure)) return health.release(target, now);
  if (failure.cause === "timeout") return health.fail(target, now, "slow");
  if (failure.cause !== "status") return health.fail(target, now, "fail");
  if (status === 429 || status === 529)
    return health.cool(target, now, Math.min(failure.retryAfterSeconds ?? 1, 60) * 1000);
  if (status === 401 || status === 402 || status === 403) return health.disable(target, now, `status ${status}`);
  if (status !== null && status >= 500) health.fail(target, now, "fail");
}

async function pause(ms: number, signal: Abortable): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
