import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";
import { inputItems, OUR_ID_PREFIX } from "./continue.ts";
import type { StoredResponse } from "./port.ts";
import { DAY_MS } from "../lib/clock.ts";

/** A stored response is kept for 30 days (API reference, `store`). */
export const RETENTION_MS = 30 * DAY_MS;

/** What a finished call leaves to be stored. */
export interface FinishedResponse {
  account: string;
  /** The body as it was sent on, `previous_response_id` already expanded. */
  body: JsonObject;
  previous: string | null;
  /** The response as the client got it. */
  response: JsonObject;
  pin: JsonValue;
  /** ms. */
  now: number;
}

/** Whether this call is to be stored where storage is on: the API's default is to do so. */
export const wantsStorage = (body: JsonObject): boolean => body["store"] !== false;

/** The row for a finished call. Items of the input get an id where they have none, so that they can be listed. Never throws: the call is paid. */
export function recordOf(call: FinishedResponse): StoredResponse {
  const id = String(call.response["id"]);
  return {
    id,
    account: call.account,
    created: call.now,
    expires: call.now + RETENTION_MS,
    previous: call.previous,
    input: itemsTaken(call.body["input"]).map((item, index) => withId(item, `${id.replace(/^resp_/, "")}_${index}`)),
    response: call.response,
    pin: call.pin,
  };
}

/** The items of an input that the provider has taken, which may be none at all (`instructions` alone are enough for it). */
function itemsTaken(input: JsonValue | undefined): JsonObject[] {
  if (typeof input === "string") return inputItems(input);
  return Array.isArray(input) ? input.filter(isObject) : [];
}

function withId(item: JsonObject, seed: string): JsonObject {
  return typeof item["id"] === "string" && item["id"] !== "" ? item : { ...item, id: OUR_ID_PREFIX + seed };
}
