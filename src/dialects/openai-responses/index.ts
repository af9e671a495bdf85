import type { Dialect, RelayErrorState } from "../dialect.ts";
import type { GatewayError } from "../../ir/error.ts";
import { decodeOpenAiError, renderOpenAiError } from "../shared/openai-error.ts";
import { countCodec } from "./count.ts";
import { decodeAnswer, ResponsesDecoder } from "./decoder.ts";
import { encodeRequest } from "./encode-request.ts";
import { encodeAnswer, KEEP_ALIVE, ResponsesEncoder } from "./encoder.ts";
import { readHints } from "./hints.ts";
import { decodeRequest } from "./request.ts";
import { errorFields, formatEvent } from "./stream-error.ts";
import { annotateBody } from "../shared/annotation.ts";
import { annotateTail, spliceRequest } from "./splice.ts";
import { idsIn } from "./ids-in.ts";
import { LOSS_FIELDS, LOSS_PLACES } from "./loss-fields.ts";

/** OpenAI Responses: `POST /v1/responses`, both sides. */
export const openaiResponses: Dialect = {
  id: "openai-responses",
  lossFields: LOSS_FIELDS,
  lossPlaces: LOSS_PLACES,
  hints: readHints,
  decodeRequest,
  encodeRequest,
  spliceRequest: (doc, owned, _route, target) => spliceRequest(doc, owned, target),
  createDecoder: (options) => new ResponsesDecoder(options),
  decodeAnswer,
  idsIn,
  decodeError: decodeOpenAiError,
  createEncoder: (context) => new ResponsesEncoder(context),
  encodeAnswer,
  annotateTail: (held, _context, annotation) => annotateTail(held, annotation),
  annotateBody,
  renderError: renderOpenAiError,
  renderStreamError,
  keepAliveText: KEEP_ALIVE,
  count: countCodec,
  streamContentType: () => "text/event-stream; charset=utf-8",
};

/** An error in the middle of a relayed stream: `error`, and once the response is known `response.failed` behind it. */
function renderStreamError(error: GatewayError, _requestId: string, state: RelayErrorState): string {
  const { code, message } = error;
  const failed = formatEvent("error", state.sequence + 1, errorFields(error));
  if (state.id === null) return failed;
  const response = {
    id: state.id,
    object: "response",
    created_at: state.created,
    status: "failed",
    error: { code, message },
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: state.model,
    output: [],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    usage: null,
  };
  return failed + formatEvent("response.failed", state.sequence + 2, { response });
}
