import type { Dialect } from "../dialect.ts";
import { decodeOpenAiError, renderOpenAiError } from "../shared/openai-error.ts";
import { ChatDecoder, decodeAnswer } from "./decoder.ts";
import { embeddings } from "./embeddings.ts";
import { encodeAnswer } from "./encode-answer.ts";
import { encodeRequest } from "./encode-request.ts";
import { ChatEncoder, KEEP_ALIVE } from "./encoder.ts";
import { renderStreamError } from "./error.ts";
import { readHints } from "./hints.ts";
import { images } from "./images.ts";
import { annotateAnswer, annotateTail, spliceRequest } from "./relay.ts";
import { decodeRequest } from "./request.ts";
import { idsIn } from "./ids-in.ts";
import { LOSS_FIELDS, LOSS_PLACES } from "./loss-fields.ts";

/** OpenAI Chat Completions, both sides, and what compatible servers made of it. */
export const openaiChat: Dialect = {
  id: "openai-chat",
  lossFields: LOSS_FIELDS,
  lossPlaces: LOSS_PLACES,
  hints: readHints,
  decodeRequest,
  encodeRequest,
  spliceRequest: (doc, owned, _route, target) => spliceRequest(doc, owned, target),
  createDecoder: (options) => new ChatDecoder(options),
  decodeAnswer,
  idsIn,
  decodeError: decodeOpenAiError,
  createEncoder: (context) => new ChatEncoder(context),
  encodeAnswer,
  annotateTail,
  annotateBody: annotateAnswer,
  renderError: renderOpenAiError,
  renderStreamError,
  keepAliveText: KEEP_ALIVE,
  streamContentType: () => "text/event-stream; charset=utf-8",
  embed: embeddings,
  image: images,
};
