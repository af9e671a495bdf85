import type { Dialect } from "../dialect.ts";
import { decodeMessage } from "./decode-message.ts";
import { decodeRequest } from "./decode-request.ts";
import { StreamDecoder } from "./decode-stream.ts";
import { encodeAnswer } from "./encode-answer.ts";
import { encodeRequest } from "./encode-request.ts";
import { MessageStreamEncoder, PING } from "./encode-stream.ts";
import { decodeError, renderError, renderStreamError } from "./error.ts";
import { readHints } from "./hints.ts";
import { annotateBody } from "../shared/annotation.ts";
import { annotateTail, spliceRequest } from "./relay.ts";

import { decodeCountAnswer, decodeCountRequest, encodeCountAnswer, encodeCountRequest } from "./count.ts";
import { idsIn } from "./ids-in.ts";
import { LOSS_FIELDS, LOSS_PLACES } from "./loss-fields.ts";

/** Anthropic Messages, both sides. */
export const anthropicMessages: Dialect = {
  id: "anthropic-messages",
  lossFields: LOSS_FIELDS,
  lossPlaces: LOSS_PLACES,
  hints: readHints,
  decodeRequest,
  encodeRequest,
  spliceRequest,
  createDecoder: ({ target }) => new StreamDecoder(target),
  decodeAnswer: (body, { target }, emit) => decodeMessage(body, target, emit),
  idsIn,
  decodeError,
  createEncoder: (context) => new MessageStreamEncoder(context),
  encodeAnswer,
  annotateTail: (held, _context, annotation) => annotateTail(held, annotation),
  annotateBody,
  renderError,
  renderStreamError: (error, requestId) => renderStreamError(error, requestId),
  keepAliveText: PING,
  count: {
    decodeRequest: decodeCountRequest,
    encodeRequest: encodeCountRequest,
    decodeAnswer: decodeCountAnswer,
    encodeAnswer: encodeCountAnswer,
  },
  streamContentType: () => "text/event-stream; charset=utf-8",
};
