import { DIALECTS } from "../dialects/index.ts";
import type { Annotation, Dialect } from "../dialects/dialect.ts";
import type { OperationCodec } from "../dialects/operations.ts";
import { DecodeError, unsupportedFeature } from "../ir/error.ts";
import type { Loss } from "../ir/loss.ts";
import type { Usage } from "../ir/usage.ts";
import { parseJson } from "../lib/json.ts";
import type { Target } from "../routing/types.ts";
import { UpstreamError } from "../upstream/error.ts";
import { attemptPlan } from "./attempt.ts";
import { annotate, settleCall, settleUnseen } from "./closing.ts";
import type { LiveCall } from "./live-call.ts";
import { Meter } from "./meter.ts";
import { readAll, sendAndRead } from "./open.ts";
import { type Prepared, refuseLosses, relayed, translated } from "./prepare.ts";
import { jsonResponse } from "./respond.ts";

const encoder = new TextEncoder();

/** What the settlement needs of an answer to an operation that asks once and gets one JSON answer. */
export interface OperationFacts<Request, Answer> {
  codecOf(dialect: Dialect): OperationCodec<Request, Answer> | undefined;
  /** What the provider told of tokens, null = nothing. */
  usageOf(answer: Answer): Usage | null;
  /** Tokens of the input, counted here. */
  countInput(request: Request, target: Target): number;
  /** Images made, by size; null for other operations. */
  imagesOf(answer: Answer, request: Request): Record<string, number> | null;
  /** Whether an answer in the client's own dialect has the form that was asked for; one that hasn't is written anew. */
  isAsAsked(answer: Answer, request: Request): boolean;
}

interface Done<Answer> {
  prepared: Prepared;
  bytes: Uint8Array;
  answer: Answer;
}

/** Embeddings and images: the same plan, hold, attempts and settlement as for every call, without events. */
export class OperationRun<Request, Answer> {
  readonly #live: LiveCall;
  readonly #facts: OperationFacts<Request, Answer>;
  readonly #client: OperationCodec<Request, Answer>;
  #request: Request | null = null;

  /** Throws GatewayError 400 when the client's dialect has no such operation. */
  constructor(live: LiveCall, facts: OperationFacts<Request, Answer>) {
    const client = facts.codecOf(live.call.dialect);
    if (client === undefined) throw unsupportedFeature(null, "This operation does not exist in this API.");
    this.#live = live;
    this.#facts = facts;
    this.#client = client;
  }

  get hints(): OperationCodec<Request, Answer>["hints"] {
    return (doc, route) => this.#client.hints(doc, route);
  }

  get #decoded(): Request {
    this.#request ??= this.#client.decodeRequest(this.#live.body, this.#live.call.route);
    return this.#request;
  }

  /** Throws GatewayError 400 when the provider's API has no such operation, or a strict caller would lose something. */
  prepare(target: Target): Prepared {
    const prepared = this.#prepared(target);
    if (this.#live.strict) refuseLosses(prepared.losses);
    return prepared;
  }

  #prepared(target: Target): Prepared {
    const live = this.#live;
    const dialect = DIALECTS[target.dialect];
    const codec = this.#codec(dialect);
    // Read before anything is sent, relays too: what it refuses must not have cost anything.
    const request = this.#decoded;
    if (dialect.id === live.call.dialect.id) {
      const owned = { model: target.facts.upstreamModel };
      return relayed(target, codec.spliceRequest(live.scanned, owned, live.call.route, target.facts));
    }
    return translated(target, codec.encodeRequest(request, target.facts));
  }

  #codec(dialect: Dialect): OperationCodec<Request, Answer> {
    const codec = this.#facts.codecOf(dialect);
    if (codec === undefined)
      throw unsupportedFeature("model", "This model can't do that: its provider's API has no such operation.");
    return codec;
  }

  /** Runs the attempts, settles, and answers. */
  async finish(first: Prepared, headers: Record<string, string>): Promise<Response> {
    const live = this.#live;
    const done = await attemptPlan(live, first, {
      prepare: (target) => this.prepare(target),
      open: (prepared, signal) => sendAndRead(live, prepared, signal, (answer) => this.#read(prepared, answer)),
    });
    const { target } = done.prepared;
    live.meter = this.#meter(done, target);
    live.images = this.#facts.imagesOf(done.answer, this.#decoded);
    if (live.call.request.signal.aborted) {
      await settleUnseen(live, true);
      return new Response(null, { status: 499 });
    }
    const isRelayed = done.prepared.mode === "relay" && this.#facts.isAsAsked(done.answer, this.#decoded);
    if (!isRelayed) live.answerLosses = this.#encode(done, annotate(live, null)).losses;
    const annotation = annotate(live, await settleCall(live, { state: "completed" }));
    const body = isRelayed ? this.#client.annotateBody(done.bytes, annotation) : this.#encode(done, annotation).bytes;
    return jsonResponse(live, body, annotation, headers);
  }

  async #read(prepared: Prepared, answer: Parameters<typeof readAll>[0]): Promise<Done<Answer>> {
    const bytes = await readAll(answer, this.#live.deps.settings.maxAnswerBytes);
    try {
      const body = parseJson(new TextDecoder().decode(bytes));
      const codec = this.#codec(DIALECTS[prepared.target.dialect]);
      return { prepared, bytes, answer: codec.decodeAnswer(body, { target: prepared.target.facts }) };
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof SyntaxError)) throw error;
      const failure = {
        cause: "bad_answer" as const,
        status: null,
        code: null,
        message: "the provider's answer is not what its API promises",
      };
      throw new UpstreamError(failure, error);
    }
  }

  #meter(done: Done<Answer>, target: Target): Meter {
    const live = this.#live;
    const meter = new Meter({
      newCounter: () => live.deps.tokens.newCounter(target.model),
      countInput: () => this.#facts.countInput(this.#decoded, target),
    });
    const usage = this.#facts.usageOf(done.answer);
    if (usage !== null) meter.observe({ type: "usage", usage, final: true });
    return meter;
  }

  #encode(done: Done<Answer>, annotation: Annotation) {
    const live = this.#live;
    const losses: Loss[] = [];
    const context = {
      requestId: live.call.requestId,
      created: Math.floor(live.call.receivedAt / 1000),
      model: done.prepared.target.model.id,
      request: this.#decoded,
      route: live.call.route,
    };
    const body = this.#client.encodeAnswer(done.answer, context, annotation, losses);
    return { bytes: encoder.encode(JSON.stringify(body)), losses };
  }
}
