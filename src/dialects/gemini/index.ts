import type { Dialect } from "../dialect.ts";
import { countCodec } from "./count.ts";
import { decodeAnswer, GeminiDecoder } from "./decode-answer.ts";
import { decodeError } from "./decode-error.ts";
import { decodeRequest } from "./decode-request.ts";
import { embedCodec } from "./embed.ts";
import { encodeAnswer, GeminiStreamEncoder } from "./encode-answer.ts";
import { encodeRequest } from "./encode-request.ts";
import { hints } from "./hints.ts";
import { imageCodec } from "./image.ts";
import { KEEP_ALIVE, renderError, renderStreamError } from "./render-error.ts";
import { WIRE_ENVELOPE_PREFIX } from "./signature.ts";
import { annotateBody } from "../shared/annotation.ts";
import { annotateTail, spliceRequest } from "./splice.ts";
import { idsIn } from "./ids-in.ts";
import { LOSS_FIELDS, LOSS_PLACES } from "./loss-fields.ts";

/** Google's generateContent (https://ai.google.dev/api/generate-content), as the Gemini API and Vertex AI speak it. */
export const gemini: Dialect = {
  id: "gemini",
  lossFields: LOSS_FIELDS,
  lossPlaces: LOSS_PLACES,
  hints,
  decodeRequest,
  encodeRequest,
  spliceRequest,
  createDecoder: (options) => new GeminiDecoder(options),
  decodeAnswer,
  idsIn,
  decodeError,
  createEncoder: (context) => new GeminiStreamEncoder(context),
  encodeAnswer,
  annotateTail: (held, _context, annotation) => annotateTail(held, annotation),
  annotateBody,
  renderError,
  renderStreamError,
  keepAliveText: KEEP_ALIVE,
  envelopeMark: WIRE_ENVELOPE_PREFIX,
  count: countCodec,
  embed: embedCodec,
  image: imageCodec,
  streamContentType: (route) => (route.sse ? "text/event-stream" : "application/json"),
};
