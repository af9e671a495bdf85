import { DecodeError } from "../../ir/error.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

/** What a gateway needs for `POST /v1/messages/count_tokens`. */
export { decodeCountRequest } from "./decode-request.ts";
export { encodeCountRequest } from "./encode-request.ts";
export { spliceCountRequest } from "./relay.ts";

/** The answer to a count_tokens request: input tokens of the whole request. */
export const encodeCountAnswer = (inputTokens: number): JsonObject => ({ input_tokens: inputTokens });

/** A provider's count, tokens. Throws DecodeError when the body holds none. */
export function decodeCountAnswer(body: JsonValue): number {
  const tokens = isObject(body) ? body.input_tokens : null;
  if (typeof tokens !== "number" || !Number.isSafeInteger(tokens) || tokens < 0) {
    throw new DecodeError("the answer holds no token count");
  }
  return tokens;
}
