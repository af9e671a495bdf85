import type { Catalog, Model, Provider } from "../catalog/types.ts";
import type { OwnershipStore } from "../gates/ownership.ts";
import type { Principal } from "../gates/types.ts";
import type { InputBound } from "../dialects/dialect.ts";
import type { Ledger } from "../ledger/types.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Nano } from "../lib/money.ts";
import type { ConversationMemory } from "../responses/memory.ts";
import type { ResponseStore } from "../responses/port.ts";
import type { RetryBudget } from "../routing/failover.ts";
import type { Credential, Health, Target } from "../routing/types.ts";
import type { Sender } from "../upstream/types.ts";
import type { LiveCall } from "./live-call.ts";
import type { TextCounter } from "./meter.ts";

/** Token arithmetic of tokens/, behind a seam so that the gateway has one place for each question. */
export interface Tokens {
  /** Upper bound of input tokens, for the hold. */
  boundInput(bound: InputBound, model: Model): number;
  newCounter(model: Model): TextCounter;
  countText(text: string, target: Target): number;
  /** Counted input of this request for a provider that has not told its own number; an estimate, never the bound. */
  countInput(live: LiveCall, target: Target): number;
}

/** What a running gateway is made of. Built once in app.ts. */
export interface GatewayDeps {
  catalog(): Catalog;
  ledger: Ledger;
  senderFor(provider: Provider): Sender;
  health: Health;
  tokens: Tokens;
  /** Keys that may pay this provider for this account, preferred first (own keys before the operator's). */
  credentials(provider: Provider, principal: Principal): Credential[];
  /** The customer's own cap per call for a model, nano-units. */
  callCap(accountId: string, modelId: string): Nano | null;
  /** Takes one request out of the caller's rate; throws GatewayError 429, else gives the x-ratelimit headers. */
  takeRate(principal: Principal): Record<string, string>;
  /** Retries under way, against the calls in flight: a failing provider must not double the load. */
  retryBudget: RetryBudget;
  conversations: ConversationMemory;
  /** Stored responses; used where the catalog turns storage on. */
  responses: ResponseStore;
  /** Who got what at the providers. */
  ownership: OwnershipStore;
  sealKey: Uint8Array;
  clock: Clock;
  /** In [0, 1): jitter. */
  random(): number;
  log: Logger;
  settings: GatewaySettings;
}

export interface GatewaySettings {
  maxBodyBytes: number;
  /** Calls under way at once; beyond it 503. */
  maxInFlight: number;
  /** ms between two looks at running streams: checkpoints, keep-alives, time limits. */
  tickMs: number;
  /** ms that a client may leave a stream unread before it is cut. */
  slowReaderMs: number;
  /** ms that a finished-content stream of a departed client may run on for its usage. */
  drainMs: number;
  maxAnswerBytes: number;
}

export const DEFAULT_GATEWAY_SETTINGS: GatewaySettings = {
  maxBodyBytes: 32 * 1024 * 1024,
  maxInFlight: 20_000,
  tickMs: 250,
  slowReaderMs: 30_000,
  drainMs: 10_000,
  maxAnswerBytes: 64 * 1024 * 1024,
};
