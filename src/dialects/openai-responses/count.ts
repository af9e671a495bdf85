import type { EncodedRequest, RequestContext } from "../dialect.ts";
import type { CountCodec } from "../operations.ts";
import { DecodeError } from "../../ir/error.ts";
import type { GenerateRequest } from "../../ir/request.ts";
import type { TargetFacts } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { encodeRequest } from "./encode-request.ts";
import { decodeRequest } from "./request.ts";

const PATH = "/responses/input_tokens";

/** What the endpoint takes (OpenAI API reference, get input token counts); all of it is optional. */
const COUNTED: ReadonlySet<string> = new Set([
  "model",
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "truncation",
  "personality",
]);

/** A responses request, of which nothing has to be there. Throws GatewayError 400 with the path of the offending field. */
function decodeCountRequest(body: JsonObject, context: RequestContext): GenerateRequest {
  return decodeRequest({ ...body, input: body["input"] ?? "" }, context);
}

function encodeCountRequest(request: GenerateRequest, target: TargetFacts): EncodedRequest {
  const { body, losses } = encodeRequest({ ...request, stream: false }, target);
  const counted = Object.fromEntries(Object.entries(body).filter(([name]) => COUNTED.has(name)));
  return { path: PATH, body: counted, losses };
}

/** A provider's count, tokens. Throws DecodeError when the body holds none. */
function decodeCountAnswer(body: JsonValue): number {
  const tokens = isObject(body) ? body["input_tokens"] : null;
  if (typeof tokens !== "number" || !Number.isSafeInteger(tokens) || tokens < 0) {
    throw new DecodeError("the answer holds no token count");
  }
  return tokens;
}

/** `POST /v1/responses/input_tokens`. */
export const countCodec: CountCodec = {
  decodeRequest: decodeCountRequest,
  encodeRequest: encodeCountRequest,
  decodeAnswer: decodeCountAnswer,
  encodeAnswer: (inputTokens) => ({ object: "response.input_tokens", input_tokens: inputTokens }),
};
