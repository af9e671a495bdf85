import type { Catalog } from "../catalog/types.ts";
import type { Hints } from "../dialects/dialect.ts";
import { GatewayError, type UpstreamFailure } from "../ir/error.ts";
import type { Loss } from "../ir/loss.ts";
import type { GenerateRequest } from "../ir/request.ts";
import type { SealBox } from "../ir/seal.ts";
import { createSealBox } from "../ir/seal-box.ts";
import type { AuditRecordInput, Hold } from "../ledger/types.ts";
import { Aborter } from "../lib/abort.ts";
import type { JsonObject } from "../lib/json.ts";
import type { Nano } from "../lib/money.ts";
import type { Plan, Target } from "../routing/types.ts";
import type { ScannedObject } from "../wire/scan.ts";
import type { GatewayDeps } from "./deps.ts";
import type { DisconnectAllowance } from "./allowance.ts";
import { Meter } from "./meter.ts";
import type { FoundIds } from "./provider-ids.ts";
import type { InferenceCall } from "./types.ts";

export type StreamState = NonNullable<AuditRecordInput["streamState"]>;

/**
 * One call while it runs: the facts that its stages hand on to each other, and in the end the audit row. Stages fill it from
 * top to bottom; nothing in it outlives the call.
 */
export class LiveCall {
  readonly call: InferenceCall;
  readonly deps: GatewayDeps;
  /** The configuration this call began with; a reload does not change it. */
  readonly catalog: Catalog;
  readonly allowance: DisconnectAllowance;
  readonly startedAt: number;
  /** Aborted when the client leaves, a time limit runs out, or the process shuts down. */
  readonly abort = new Aborter();
  /** Told when the client leaves: by then whoever has its answer in hand has put itself here. */
  onLeave: () => void = () => undefined;
  clientGone = false;
  /** The client has left, and its key has used up what it may leave unpaid: the answer is read to its end and billed. */
  mustPay = false;
  /** What the client has left unpaid by going early, nano-units. */
  leftUnpaid: Nano = 0n;
  /** Ends the reading on behalf of a client that has left. */
  drainTimer: ReturnType<typeof setTimeout> | null = null;

  doc: ScannedObject | null = null;
  hints: Hints | null = null;
  plan: Plan | null = null;
  /** Output cap that the gateway injects, tokens; null = the client's own stands. */
  injectedCap: number | null = null;
  hold: Hold | null = null;
  target: Target | null = null;
  meter: Meter | null = null;
  /** Ids of things kept at the provider, out of the answer of the latest attempt. */
  foundIds: FoundIds | null = null;
  /** Responses: the stored response that this call continues. */
  previousResponse: string | null = null;
  /** Images made, by size: the bill of an image call. */
  images: Record<string, number> | null = null;
  /** What the settlement charged, nano-units of the ledger currency. */
  charged: Nano | null = null;
  attempts = 0;
  firstTokenAt: number | null = null;
  requestLosses: Loss[] = [];
  answerLosses: readonly Loss[] = [];
  lastFailure: UpstreamFailure | null = null;
  /** The request is no longer what the client's bytes say: they must not be relayed. */
  isReplaced = false;
  #request: GenerateRequest | null = null;
  #seals: SealBox | null = null;

  constructor(call: InferenceCall, deps: GatewayDeps, allowance: DisconnectAllowance) {
    this.call = call;
    this.deps = deps;
    this.allowance = allowance;
    this.catalog = deps.catalog();
    this.startedAt = deps.clock.monotonic();
  }

  /** Made on first use: a relay needs none. */
  get seals(): SealBox {
    this.#seals ??= createSealBox(this.deps.sealKey, this.call.principal.account.id);
    return this.#seals;
  }

  get body(): JsonObject {
    return this.scanned.parse();
  }

  get scanned(): ScannedObject {
    if (this.doc === null) throw new Error("the body has not been read");
    return this.doc;
  }

  get read(): Hints {
    if (this.hints === null) throw new Error("the request has not been read");
    return this.hints;
  }

  /** The request as parts, decoded on first use: a relay never needs it. Throws GatewayError 400. */
  get request(): GenerateRequest {
    this.#request ??= this.call.dialect.decodeRequest(this.body, { route: this.call.route, seals: this.seals });
    return this.#request;
  }

  /** Puts another request in place of the one that the client's bytes say. */
  replaceRequest(request: GenerateRequest): void {
    this.#request = request;
    this.isReplaced = true;
  }

  /** Strict callers get a 400 rather than an answer to half of what they asked. */
  get strict(): boolean {
    const header = this.call.request.headers.get(`${this.catalog.brand.headerPrefix}-Strict`);
    return this.call.principal.key?.strict === true || header?.toLowerCase() === "true";
  }

  /** A meter for an attempt at this target, counting as its family does. */
  meterFor(target: Target): Meter {
    const { tokens } = this.deps;
    return new Meter({
      newCounter: () => tokens.newCounter(target.model),
      countInput: () => this.#countInput(target),
    });
  }

  /** A relayed body need not be one that this gateway can decode; then its whole text counts. */
  #countInput(target: Target): number {
    const { tokens } = this.deps;
    const isDecoded = this.#request !== null;
    try {
      return tokens.countInput(this, target);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return tokens.countText(new TextDecoder().decode(this.scanned.bytes), target);
    } finally {
      // A stream may run for minutes: what was needed for this number only is not kept.
      if (!isDecoded) {
        this.#request = null;
        this.#seals = null;
      }
      this.doc?.forget();
    }
  }

  /** ms since the call came in. */
  elapsed(): number {
    return this.deps.clock.monotonic() - this.startedAt;
  }

  markFirstToken(): void {
    this.firstTokenAt ??= this.elapsed();
  }

  get losses(): Loss[] {
    return [...this.requestLosses, ...this.answerLosses];
  }

  audit(end: { status: number; errorCode: string | null; streamState: StreamState | null }): AuditRecordInput {
    const { call } = this;
    const stream = this.hints?.stream ?? call.route.stream ?? false;
    return {
      requestId: call.requestId,
      time: call.receivedAt,
      accountId: call.principal.account.id,
      keyId: call.principal.key?.id ?? null,
      endpoint: call.endpoint,
      dialect: call.dialect.id,
      operation: call.operation,
      modelAsked: this.hints?.model ?? call.route.model,
      modelServed: this.target?.model.id ?? null,
      provider: this.target?.provider.name ?? null,
      tier: call.principal.tier,
      routeReason: this.plan?.reason ?? null,
      attempts: this.attempts,
      latencyMs: Math.round(this.elapsed()),
      ttftMs: this.firstTokenAt === null ? null : Math.round(this.firstTokenAt),
      status: end.status,
      errorCode: end.errorCode,
      streamState: end.streamState,
      stream,
      losses: this.losses.map((loss) => ({ ...loss })),
      credential: this.target?.credential.kind ?? null,
    };
  }
}
