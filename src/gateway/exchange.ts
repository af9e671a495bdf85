import { resolve } from "../catalog/resolve.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { GatewayError } from "../ir/error.ts";
import { LedgerUnavailable } from "../ledger/unavailable.ts";
import { failpoint } from "../lib/failpoint.ts";
import { errorText } from "../lib/log.ts";
import { planRoute } from "../routing/plan.ts";
import type { Plan } from "../routing/types.ts";
import { UpstreamError } from "../upstream/error.ts";
import { readBody } from "../wire/read-body.ts";
import { scanObject } from "../wire/scan.ts";
import { DisconnectAllowance } from "./allowance.ts";
import { firstAnswer } from "./attempt.ts";
import { leaveCall, settleUnseen, voidCall } from "./closing.ts";
import { completeRequest } from "./conversation.ts";
import type { GatewayDeps } from "./deps.ts";
import { failureToError, internalError, isShutdown, shuttingDown, storageDown } from "./failure.ts";
import { LiveCall } from "./live-call.ts";
import { LiveStreams } from "./live-streams.ts";
import { requestError } from "./request-error.ts";
import type { Opened } from "./open.ts";
import { OperationRun } from "./operation.ts";
import { countTokens } from "./count-tokens.ts";
import { embedFacts, imageFacts } from "./operation-facts.ts";
import { type Prepared, prepareChecked } from "./prepare.ts";
import { holdersFor } from "./provider-ids.ts";
import { defaultCap, reserveCall } from "./reserve-call.ts";
import { answerHeaders, respondJson, respondStream } from "./respond.ts";
import type { Gateway, InferenceCall } from "./types.ts";

/** Runs inference calls: read → limits → plan → hold → attempt → respond → settle, each stage a function beside this file. */
export class Exchange implements Gateway {
  readonly streams: LiveStreams;
  #deps: GatewayDeps;
  #allowance: DisconnectAllowance;
  /** Calls whose response has not been handed over yet. */
  #running = new Set<LiveCall>();
  #draining = false;
  #idle: (() => void)[] = [];

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#allowance = new DisconnectAllowance(deps.clock);
    this.streams = new LiveStreams(deps.clock, deps.settings.tickMs);
  }

  get inFlight(): number {
    return this.#running.size + this.streams.size;
  }

  async handle(call: InferenceCall): Promise<Response> {
    const live = new LiveCall(call, this.#deps, this.#allowance);
    this.#running.add(live);
    try {
      this.#admit();
      return await this.#run(live);
    } catch (error) {
      return await this.#refuse(live, error);
    } finally {
      this.#running.delete(live);
      if (this.#running.size === 0) for (const wake of this.#idle.splice(0)) wake();
    }
  }

  #run(live: LiveCall): Promise<Response> {
    switch (live.call.operation) {
      case "generate":
        return this.#generate(live);
      case "embed":
        return this.#once(live, new OperationRun(live, embedFacts(live)));
      case "image":
        return this.#once(live, new OperationRun(live, imageFacts(live)));
      case "count":
        return this.#count(live);
    }
  }

  /** One page, top to bottom, as every call runs. */
  async #generate(live: LiveCall): Promise<Response> {
    const rate = this.#deps.takeRate(live.call.principal);
    await readRequest(live, live.call.dialect.hints);
    const completing = completeRequest(live);
    if (completing !== null) await completing;
    const plan = this.#plan(live);
    live.injectedCap = defaultCap(live, plan.all);
    let prepared = prepareChecked(live, plan.first);
    const reserved = await reserveCall(live, plan.all);
    if (reserved.capLowered) prepared = prepareChecked(live, plan.first);
    live.requestLosses = prepared.losses;
    const opening = this.#dial(live, prepared);
    try {
      await reserved.durable;
    } catch (error) {
      live.abort.abort(error);
      await opening.catch(() => undefined);
      throw storageDown(error);
    }
    failpoint("hold-committed");
    const opened = await this.#firstContent(live, opening);
    const headers = { ...rate, ...answerHeaders(live) };
    if (opened === null || opened.kind === "stream") {
      return respondStream(live, opening, opened, headers, this.streams);
    }
    return respondJson(live, opened, headers);
  }

  /** Operations that ask once and get one JSON answer. */
  async #once<Q, A>(live: LiveCall, run: OperationRun<Q, A>): Promise<Response> {
    const rate = this.#deps.takeRate(live.call.principal);
    await readRequest(live, run.hints);
    const plan = this.#plan(live);
    const prepared = run.prepare(plan.first);
    const reserved = await reserveCall(live, plan.all);
    live.requestLosses = prepared.losses;
    await reserved.durable;
    this.#watchClient(live);
    return run.finish(prepared, { ...rate, ...answerHeaders(live) });
  }

  /** Counting is free: no hold, but a row in the audit like any call. */
  async #count(live: LiveCall): Promise<Response> {
    const rate = this.#deps.takeRate(live.call.principal);
    await readRequest(live, live.call.dialect.hints);
    const completing = completeRequest(live);
    if (completing !== null) await completing;
    const tokens = await countTokens(live, this.#plan(live).first);
    await voidCall(live, "count", { status: 200, errorCode: null, streamState: "completed" });
    const body = live.call.dialect.count?.encodeAnswer(tokens) ?? {};
    const cost = { [`${live.catalog.brand.headerPrefix}-Cost-Cents`]: "0" };
    return Response.json(body, { headers: { ...rate, ...answerHeaders(live), ...cost } });
  }

  #admit(): void {
    if (!this.#draining && this.inFlight <= this.#deps.settings.maxInFlight) return;
    if (this.#draining) throw shuttingDown();
    throw new GatewayError({
      status: 503,
      code: "overloaded",
      message: "The gateway is at its limit; retry shortly.",
      retryAfterSeconds: 1,
    });
  }

  #plan(live: LiveCall): { all: Plan["targets"]; first: Plan["targets"][number] } {
    const { catalog, call, read } = live;
    const plan = planRoute({
      catalog,
      resolution: resolve(catalog, read.model ?? catalog.routing.defaultModel),
      hints: read,
      operation: call.operation,
      principal: { globs: call.principal.modelGlobs, ownProvidersOnly: call.principal.account.ownProvidersOnly },
      credentials: (provider) => this.#deps.credentials(provider, call.principal),
      clientDialect: call.dialect.id,
      holdersOf: holdersFor(live),
      health: this.#deps.health,
      now: this.#deps.clock.now(),
    });
    live.plan = plan;
    const [first] = plan.targets;
    if (first === undefined) throw new Error("a plan without targets");
    return { all: plan.targets, first };
  }

  /** Starts the attempts beside the flush of the hold; a client that leaves ends them. */
  #dial(live: LiveCall, prepared: Prepared): Promise<Opened> {
    this.#watchClient(live);
    failpoint("dialled");
    const opening = firstAnswer(live, prepared);
    opening.catch(() => undefined);
    return opening;
  }

  #watchClient(live: LiveCall): void {
    const { signal } = live.call.request;
    // A JSON answer that has come is settled whether or not its client waits; a stream looks after its client itself.
    live.onLeave = () => {
      if (live.meter === null) leaveCall(live, { content: false, all: false });
    };
    if (signal.aborted) live.onLeave();
    signal.addEventListener("abort", () => live.onLeave(), { once: true });
  }

  /** The first content, or null when a stream has waited so long that it is committed without. */
  async #firstContent(live: LiveCall, opening: Promise<Opened>): Promise<Opened | null> {
    if (!live.read.stream) return opening;
    const patience = Promise.withResolvers<null>();
    const timer = setTimeout(() => patience.resolve(null), live.catalog.routing.commitAfterMs);
    try {
      return await Promise.race([opening, patience.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Any failure before the first byte: a plain HTTP answer in the client's dialect, and the call's audit row. */
  async #refuse(live: LiveCall, thrown: unknown): Promise<Response> {
    const error = this.#toError(live, thrown);
    try {
      if (live.clientGone && live.abort.signal.aborted) await settleUnseen(live, false);
      else await voidCall(live, error.code, refusedEnd(live, error, thrown));
    } catch (storeError) {
      this.#deps.log.error("audit of a refused call failed", {
        request_id: live.call.requestId,
        error: errorText(storeError),
      });
    }
    return renderRefusal(live, error);
  }

  #toError(live: LiveCall, thrown: unknown): GatewayError {
    if (live.abort.signal.reason instanceof GatewayError) return live.abort.signal.reason;
    if (thrown instanceof LedgerUnavailable) return storageDown(thrown);
    if (thrown instanceof UpstreamError) return failureToError(thrown.failure, { moneySpent: false });
    const known = requestError(thrown);
    if (known !== null) return known;
    this.#deps.log.error("call failed", { request_id: live.call.requestId, error: errorText(thrown) });
    return internalError(live.catalog.access.errorStyle, thrown);
  }

  /** Refuses new calls, lets running ones go on for `graceMs`, then ends the rest with an error frame. */
  async shutDown(graceMs: number): Promise<void> {
    this.#draining = true;
    const timer = setTimeout(() => this.#endAll(), graceMs);
    // A call that is being opened becomes a stream: both must be over at once.
    while (this.inFlight > 0) {
      await this.streams.whenIdle();
      if (this.#running.size > 0) await new Promise<void>((wake) => this.#idle.push(wake));
    }
    clearTimeout(timer);
  }

  #endAll(): void {
    for (const live of this.#running) live.abort.abort(shuttingDown());
    this.streams.shutDown();
  }
}

/** Reads, scans and hints. Throws BodyError, JsonScanError or GatewayError. */
async function readRequest(live: LiveCall, hints: Dialect["hints"]): Promise<void> {
  const { call, deps } = live;
  const bytes = await readBody(call.request, { maxBytes: deps.settings.maxBodyBytes });
  live.doc = scanObject(bytes);
  live.hints = hints(live.doc, call.route);
}

/** How a call that gave no answer ended, for its audit row. */
function refusedEnd(live: LiveCall, error: GatewayError, thrown: unknown): Parameters<typeof voidCall>[2] {
  const end = { status: error.status, errorCode: error.code };
  if (live.hold === null) return { ...end, streamState: null };
  if (isShutdown(error)) return { ...end, streamState: "shutdown" };
  const timedOut = thrown instanceof UpstreamError && thrown.failure.cause === "timeout";
  return { ...end, streamState: timedOut ? "timeout" : "upstream_error" };
}

function renderRefusal(live: LiveCall, error: GatewayError): Response {
  const { call, catalog } = live;
  const rendered = call.dialect.renderError(error, call.requestId, { style: catalog.access.errorStyle });
  const headers: Record<string, string> = {
    ...error.headers,
    ...rendered.headers,
    ...answerHeaders(live),
    "content-type": "application/json",
  };
  if (error.retryAfterSeconds !== null) headers["retry-after"] = String(error.retryAfterSeconds);
  return new Response(JSON.stringify(rendered.body), { status: rendered.status, headers });
}
