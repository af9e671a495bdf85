import type { JsonObject, JsonValue } from "../lib/json.ts";
import { inputItems, OUR_ID_PREFIX } from "./continue.ts";
import type { StoredResponse } from "./port.ts";

/** A stored response is kept for 30 days (API reference, `store`). */
export const RETENTION_MS = 30 * 24 * 60 * 60 * 1000;

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

/** The row for a finished call. Items of the input get an id where they have none, so that they can be listed. */
export function recordOf(call: FinishedResponse): StoredResponse {
  const id = String(call.response["id"]);
  return {
    id,
    account: call.account,
    created: call.now,
    expires: call.now + RETENTION_MS,
    previous: call.previous,
    input: inputItems(call.body["input"]).map((item, index) => withId(item, `${id.replace(/^resp_/, "")}_${index}`)),
    response: call.response,
    pin: call.pin,
  };
}

function withId(item: JsonObject, seed: string): JsonObject {
  return typeof item["id"] === "string" && item["id"] !== "" ? item : { ...item, id: OUR_ID_PREFIX + seed };
}
