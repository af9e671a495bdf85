import type { JsonObject, JsonValue } from "../lib/json.ts";

/** One stored response, owned by the account that made it. Times in ms since 1970. */
export interface StoredResponse {
  /** Response id as the client knows it. */
  id: string;
  account: string;
  created: number;
  /** After this time it is gone: reads give null, a sweep deletes the row. */
  expires: number;
  /** Id of the response that it continues, null = none. Only told; what it holds is in `input`. */
  previous: string | null;
  /** All items that the model was given, those of earlier responses included, each with an id. */
  input: JsonObject[];
  /** The response as it was given to the client. */
  response: JsonObject;
  /** The target that answered: provider, credential and model names. */
  pin: JsonValue;
}

/** Storage of responses. Every read and write names the account: an id of another account does not exist for this one. */
export interface ResponseStore {
  /** Durable when it resolves. An id that is taken is an error. */
  put(record: StoredResponse): Promise<void>;
  /** Null when it never was, has expired, was deleted, or belongs to another account. */
  get(id: string, account: string): Promise<StoredResponse | null>;
  /** True when there was one to delete. */
  delete(id: string, account: string): Promise<boolean>;
  /** Deletes what expired before `now` (ms); gives the number of rows. */
  sweep(now: number): Promise<number>;
}
