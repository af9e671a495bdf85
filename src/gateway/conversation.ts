import type { JsonObject } from "../lib/json.ts";
import { finalResponse } from "../responses/memory.ts";
import type { ResponseStore } from "../responses/port.ts";
import { type ScannedObject, scanObject } from "../wire/scan.ts";
import type { LiveCall } from "./live-call.ts";

/** What in a Responses request refers to something outside of it. Most calls have none of it and stay unparsed. */
const REFERRING = ["previous_response_id", "conversation", "prompt", "background"] as const;

/**
 * Puts what a Responses request refers to in its place: the conversation behind `previous_response_id`, items behind
 * `item_reference`. The bytes are scanned anew when that changed them. Null for the usual call, which refers to nothing. Rejects with
 * GatewayError 400 and 404.
 */
export function completeRequest(live: LiveCall): Promise<void> | null {
  return isResponsesCall(live) && refers(live.scanned) ? complete(live) : null;
}

const refers = (doc: ScannedObject): boolean =>
  REFERRING.some((name) => doc.fields.has(name)) || doc.includes('"item_reference"');

async function complete(live: LiveCall): Promise<void> {
  const { call, deps } = live;
  const account = call.principal.account.id;
  const continued = await deps.conversations.complete(live.body, account, storeOf(live));
  live.previousResponse = continued.previous?.id ?? null;
  if (continued.body === live.body) return;
  live.doc = scanObject(new TextEncoder().encode(JSON.stringify(continued.body)));
  live.hints = call.dialect.hints(live.doc, call.route);
}

/** Whether the answer to this call will be stored. */
export const isStored = (live: LiveCall): boolean =>
  isResponsesCall(live) && live.deps.conversations.stores(live.body, storeOf(live));

/** Keeps a finished response; durable when this resolves, so before its terminal frame goes out. */
export async function keepResponse(live: LiveCall, response: JsonObject | null): Promise<void> {
  if (response === null || !isResponsesCall(live)) return;
  const { target } = live;
  const pin = { provider: target?.provider.name ?? null, credential: target?.credential.id ?? null };
  const account = live.call.principal.account.id;
  const previous = live.previousResponse;
  await live.deps.conversations.keep({ account, body: live.body, previous, response, pin }, storeOf(live));
}

/** The same for a streamed response, out of its last frames. */
export async function keepStreamed(live: LiveCall, tail: Uint8Array): Promise<void> {
  if (isResponsesCall(live)) await keepResponse(live, finalResponse(new TextDecoder().decode(tail)));
}

const isResponsesCall = (live: LiveCall): boolean => live.call.dialect.id === "openai-responses";

const storeOf = (live: LiveCall): ResponseStore | null => (live.catalog.features.storage ? live.deps.responses : null);
