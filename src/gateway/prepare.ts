import { DIALECTS } from "../dialects/index.ts";
import { inClientWords } from "../dialects/loss-fields.ts";
import { lostExtras, nameInside } from "../dialects/lost-extras.ts";
import type { EncodedRequest, OwnedFields, SplicedRequest } from "../dialects/dialect.ts";
import { GatewayError } from "../ir/error.ts";
import type { Loss } from "../ir/loss.ts";
import type { GenerateRequest } from "../ir/request.ts";
import { ENVELOPE_PREFIX } from "../ir/seal-box.ts";
import type { Target } from "../routing/types.ts";
import type { LiveCall } from "./live-call.ts";

/** A request ready to be sent to one target. */
export interface Prepared {
  target: Target;
  mode: "relay" | "translate";
  path: string;
  query: Record<string, string>;
  /** Headers of the dialect; auth and the rest of the allow-list come from providers/. */
  headers: Record<string, string>;
  body: Uint8Array;
  losses: Loss[];
}

const encoder = new TextEncoder();

/**
 * The bytes for a target: the client's own with the owned fields spliced (relay), or the request encoded anew (translate).
 * Throws GatewayError 400 when the request can't be understood.
 */
export function prepare(live: LiveCall, target: Target): Prepared {
  return modeFor(live, target) === "relay" ? prepareRelay(live, target) : prepareTranslated(live, target);
}

/** The same, refused with 400 `unsupported_feature` when the caller is strict and something would be lost. */
export function prepareChecked(live: LiveCall, target: Target): Prepared {
  const prepared = prepare(live, target);
  if (live.strict) refuseLosses(prepared.losses);
  return prepared;
}

/** Envelopes in the client's bytes must be opened before any provider sees them, so they are never relayed. */
function modeFor(live: LiveCall, target: Target): "relay" | "translate" {
  if (target.dialect !== live.call.dialect.id || target.mode === "translate") return "translate";
  return live.scanned.includes(live.call.dialect.envelopeMark ?? ENVELOPE_PREFIX) || live.isReplaced
    ? "translate"
    : "relay";
}

function prepareRelay(live: LiveCall, target: Target): Prepared {
  const owned: OwnedFields = { model: target.facts.upstreamModel };
  if (live.read.stream && target.facts.compat.stream_usage) owned.includeUsage = true;
  if (live.injectedCap !== null) owned.maxOutput = live.injectedCap;
  if (target.dialect === "openai-responses") owned.store = false;
  if (target.serviceTier !== null) owned.serviceTier = target.serviceTier;
  const spliced = live.call.dialect.spliceRequest(live.scanned, owned, live.call.route, target.facts);
  return relayed(target, spliced);
}

function prepareTranslated(live: LiveCall, target: Target): Prepared {
  const request: GenerateRequest = { ...live.request, stream: live.read.stream };
  if (live.injectedCap !== null) request.maxOutput = live.injectedCap;
  if (target.serviceTier !== null) request.serviceTier = target.serviceTier;
  const encoded = DIALECTS[target.dialect].encodeRequest(request, target.facts);
  const lost = [...nameInside(request, encoded.losses), ...lostExtras(request, target.dialect, encoded.losses)];
  const losses = [...(request.losses ?? []), ...inClientWords(live.call.dialect, lost, live.body)];
  return translated(target, { ...encoded, losses });
}

/** The client's own bytes, edited. */
export function relayed(target: Target, { path, query, headers, bytes, losses }: SplicedRequest): Prepared {
  return { target, mode: "relay", path, query: query ?? {}, headers: headers ?? {}, body: bytes, losses };
}

/** A request written anew. */
export function translated(target: Target, { path, query, headers, body, losses }: EncodedRequest): Prepared {
  const bytes = encoder.encode(JSON.stringify(body));
  return { target, mode: "translate", path, query: query ?? {}, headers: headers ?? {}, body: bytes, losses };
}

/** Strict callers get a 400 that names the first field which would be lost. */
export function refuseLosses(losses: readonly Loss[]): void {
  const [first] = losses;
  if (first === undefined) return;
  throw new GatewayError({
    status: 400,
    code: "unsupported_feature",
    param: first.field,
    message: `${first.field}: ${first.reason} (strict mode refuses what can't be carried)`,
    details: { losses: losses.map((loss) => ({ field: loss.field, reason: loss.reason })) },
  });
}
