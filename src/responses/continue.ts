import { type GatewayError, invalidRequest, notFound, unsupportedFeature } from "../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";
import type { ResponseStore, StoredResponse } from "./port.ts";

/** Begins the ids that items of the input get when they are stored without one. */
export const OUR_ID_PREFIX = "in_";

/** A request whose conversation is complete in itself. */
export interface Continued {
  /** The body without `previous_response_id`, its `input` a list with everything that came before; the same object when nothing changed. */
  body: JsonObject;
  /** The response that it continues, null when it begins anew. */
  previous: StoredResponse | null;
}

/** Looks up an item that the account was given before; null when it isn't known any more. */
export type FindItem = (id: string) => JsonObject | null;

/**
 * Puts the stored conversation in place of `previous_response_id`, and items in place of `item_reference`. `store` null = storage is off:
 * then the fields that need it are a 400 `unsupported_feature`. An id that this account doesn't have is a 404. `instructions` of earlier
 * responses are not carried over (API reference, previous_response_id).
 */
export async function completeConversation(
  body: JsonObject,
  account: string,
  store: ResponseStore | null,
  findItem: FindItem,
): Promise<Continued> {
  refuseOtherState(body);
  const own = resolveReferences(body["input"], findItem);
  const id = body["previous_response_id"] ?? null;
  if (id === null) return { body: own === null ? body : { ...body, input: own }, previous: null };
  const previous = await findPrevious(id, account, store);
  const { previous_response_id: _id, ...rest } = body;
  const earlier = [...previous.input.map(withoutOurId), ...outputOf(previous)].filter(canBeSent);
  const input = [...earlier, ...(own ?? inputItems(body["input"]))];
  return { body: { ...rest, input }, previous };
}

/** Background runs live at a provider; so do conversations, which go where their account got them, or nowhere: that is for routing to say. */
function refuseOtherState(body: JsonObject): void {
  const conversation = body["conversation"] ?? null;
  if (isObject(conversation) && typeof conversation["id"] !== "string") {
    throw invalidRequest("conversation.id", "conversation.id: expected a string");
  }
  if (body["background"] === true) {
    throw unsupportedFeature("background", "background: not served here; ask for a stream instead");
  }
}

async function findPrevious(id: JsonValue, account: string, store: ResponseStore | null): Promise<StoredResponse> {
  if (typeof id !== "string") throw invalidRequest("previous_response_id", "previous_response_id: expected a string");
  if (store === null) {
    throw unsupportedFeature(
      "previous_response_id",
      "previous_response_id: responses are not stored here; send the whole conversation in input",
    );
  }
  const previous = await store.get(id, account);
  if (previous !== null) return previous;
  throw unknownId("previous_response_id", `previous response ${JSON.stringify(id.slice(0, 100))} is not stored here`);
}

/** The items with references replaced by what they refer to; null when there are none. */
function resolveReferences(input: JsonValue | undefined, findItem: FindItem): JsonObject[] | null {
  if (!Array.isArray(input) || !input.some(isReference)) return null;
  return inputItems(input).flatMap((item, index) => {
    if (!isReference(item)) return [item];
    const path = `input[${index}].id`;
    const id = item["id"];
    if (typeof id !== "string") throw invalidRequest(path, `${path}: expected a string`);
    const found = findItem(id);
    if (found !== null) return canBeSent(found) ? [found] : [];
    throw unknownId(
      path,
      `item ${JSON.stringify(id.slice(0, 100))} is not known here; send the item itself (clients do so with store: false)`,
    );
  });
}

/** `{type: "item_reference", id}`; the type may be left out (API reference, ItemReference). */
function isReference(item: JsonValue): boolean {
  if (!isObject(item)) return false;
  if (item["type"] === "item_reference") return true;
  return (item["type"] ?? null) === null && (item["role"] ?? null) === null && (item["id"] ?? null) !== null;
}

function unknownId(param: string, message: string): GatewayError {
  return notFound(`${param}: ${message}`, param);
}

/** Ids that were only given for listing are none that a provider would take. */
function withoutOurId(item: JsonObject): JsonObject {
  const { id, ...rest } = item;
  return typeof id === "string" && id.startsWith(OUR_ID_PREFIX) ? rest : item;
}

/** The output items of a stored response. */
export function outputOf(record: { response: JsonObject }): JsonObject[] {
  const output = record.response["output"];
  return Array.isArray(output) ? output.filter(isObject) : [];
}

/** Reasoning without its state means nothing to a provider that stores nothing: it would look for the item and not find it. */
function canBeSent(item: JsonObject): boolean {
  return item["type"] !== "reasoning" || typeof item["encrypted_content"] === "string";
}

/** `input` as items: a bare string is one message of the user. */
export function inputItems(input: JsonValue | undefined): JsonObject[] {
  if (typeof input === "string") {
    return [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }];
  }
  if (!Array.isArray(input)) throw invalidRequest("input", "input: expected a string or an array of items");
  return input.map((item, index) => {
    if (!isObject(item)) throw invalidRequest(`input[${index}]`, `input[${index}]: expected an object`);
    return item;
  });
}
