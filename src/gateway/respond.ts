import { foldEvents } from "../ir/fold.ts";
import type { Annotation } from "../dialects/dialect.ts";
import type { Loss } from "../ir/loss.ts";
import { type JsonObject, parseJson } from "../lib/json.ts";
import { failpoint } from "../lib/failpoint.ts";
import { formatCents } from "../lib/money.ts";
import { UpstreamError } from "../upstream/error.ts";
import { ClientStream } from "./client-stream.ts";
import { annotate, settleCall, settleUnseen } from "./closing.ts";
import { keepResponse } from "./conversation.ts";
import type { LiveCall } from "./live-call.ts";
import type { LiveStreams } from "./live-streams.ts";
import { answerContext, type Opened, type OpenedJson, type OpenedStream } from "./open.ts";

const encoder = new TextEncoder();
/** Longest list of losses that a header carries; the rest is in the audit row. */
const LOSS_HEADER_LIMIT = 4096;

/** Headers of every answer: request id, tier, losses and an injected cap. */
export function answerHeaders(live: LiveCall): Record<string, string> {
  const prefix = live.catalog.brand.headerPrefix;
  const headers: Record<string, string> = {
    [`${prefix}-Request-ID`]: live.call.requestId,
    [`${prefix}-Tier`]: asciiText(live.call.principal.tier),
  };
  if (live.injectedCap !== null) headers[`${prefix}-Output-Cap`] = String(live.injectedCap);
  if (live.requestLosses.length > 0) headers[`${prefix}-Losses`] = lossHeader(live.requestLosses);
  return headers;
}

/** A structured-field list (RFC 8941): each field as a string, its reason as a parameter. */
function lossHeader(losses: readonly Loss[]): string {
  const items: string[] = [];
  let length = 0;
  for (const loss of losses) {
    const item = `"${asciiText(loss.field)}";reason="${asciiText(loss.reason)}"`;
    length += item.length + 2;
    if (length > LOSS_HEADER_LIMIT) {
      items.push(`"...";reason="${losses.length - items.length} more"`);
      break;
    }
    items.push(item);
  }
  return items.join(", ");
}

/** Text of a catalog, a token or a client as a header can carry it. */
const asciiText = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "'");

/** The whole answer at once: settled first, so that whoever sees the body can find its receipt. */
export async function respondJson(
  live: LiveCall,
  opened: OpenedJson,
  headers: Record<string, string>,
): Promise<Response> {
  failpoint("last-upstream-byte");
  if (live.call.request.signal.aborted) {
    await settleUnseen(live, true);
    return new Response(null, { status: 499 });
  }
  if (opened.prepared.mode === "translate") live.answerLosses = encodeTranslated(live, opened, unsettled(live)).losses;
  const closed = await settleCall(live, { state: "completed" });
  const annotation = annotate(live, closed);
  const body =
    opened.prepared.mode === "relay"
      ? live.call.dialect.annotateBody(opened.bytes, annotation)
      : encodeTranslated(live, opened, annotation).bytes;
  if (live.call.dialect.id === "openai-responses") {
    await keepResponse(live, parseJson(new TextDecoder().decode(body)) as JsonObject);
  }
  return jsonResponse(live, body, annotation, headers);
}

/** A settled JSON answer with its cost in the header, also where bodies are not annotated. */
export function jsonResponse(
  live: LiveCall,
  body: Uint8Array,
  annotation: Annotation,
  headers: Record<string, string>,
): Response {
  const cost = annotation.costCents ?? (live.charged === null ? null : formatCents(live.charged));
  const prefix = live.catalog.brand.headerPrefix;
  return new Response(body as Uint8Array<ArrayBuffer>, {
    status: 200,
    headers: {
      ...headers,
      "content-type": "application/json",
      ...(cost === null ? {} : { [`${prefix}-Cost-Cents`]: cost }),
    },
  });
}

function encodeTranslated(
  live: LiveCall,
  opened: OpenedJson,
  annotation: Annotation,
): { bytes: Uint8Array; losses: Loss[] } {
  const losses: Loss[] = [];
  const answer = { ...foldEvents(opened.events), usage: annotation.usage };
  const body = live.call.dialect.encodeAnswer(answer, answerContext(live, opened.prepared), annotation, losses);
  return { bytes: encoder.encode(JSON.stringify(body)), losses: [...answer.losses, ...losses] };
}

/** Stands in while the losses of an answer are found, which its settlement's audit row must name. */
function unsettled(live: LiveCall): Annotation {
  return annotate(live, null);
}

/** A streamed answer; `opened` is null when it is committed before any content. */
export function respondStream(
  live: LiveCall,
  opening: Promise<Opened>,
  opened: OpenedStream | null,
  headers: Record<string, string>,
  streams: LiveStreams,
): Response {
  live.doc?.forget();
  const stream = new ClientStream(live, opening.then(asStream), opened, streams);
  return new Response(stream.body, {
    status: 200,
    headers: {
      ...headers,
      "content-type": live.call.dialect.streamContentType(live.call.route),
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  });
}

function asStream(opened: Opened): OpenedStream {
  if (opened.kind === "stream") return opened;
  throw new UpstreamError({ cause: "bad_answer", status: null, code: null, message: "a stream was asked for" });
}
