import { decodeRequest } from "../dialects/openai-chat/request.ts";
import { GatewayError } from "../ir/error.ts";
import type { SealBox } from "../ir/seal.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { isObject, type JsonObject, parseJson } from "../lib/json.ts";
import type { InboundAnswer, OutboundRequest, Sender } from "../upstream/types.ts";
import { chatBody, chatFrames } from "./echo-chat.ts";
import { embeddingsBody } from "./echo-embeddings.ts";

/**
 * The built-in provider: answers on the openai-chat wire from within the process, so that the rest of the gateway treats it like any
 * other. It repeats the last user text; a forced tool is called with `{}`. Equal requests get equal answers, but for `created`. What the real API
 * would refuse (an unknown role, a tool without a function) is refused, so that clients can try their mistakes without a key.
 */
export function createEchoSender(clock: Clock = systemClock): Sender {
  return {
    send: (request) => Promise.resolve(answer(request, Math.floor(clock.now() / 1000))),
  };
}

function answer(request: OutboundRequest, created: number): InboundAnswer {
  const path = request.url.split("?")[0] ?? "";
  const body = readJson(request.body);
  if (body === null) return jsonAnswer(400, errorBody("the body is not a JSON object", "invalid_json"));
  if (path.endsWith("/embeddings")) return jsonAnswer(200, embeddingsBody(body));
  if (!path.endsWith("/chat/completions")) return jsonAnswer(404, errorBody("echo has no such route", "not_found"));
  const mistake = mistakeIn(body);
  if (mistake !== null) return jsonAnswer(400, errorBody(mistake.message, mistake.code, mistake.param));
  if (body["stream"] !== true) return jsonAnswer(200, chatBody(body, created));
  return new MemoryAnswer(200, "text/event-stream; charset=utf-8", chatFrames(body, created));
}

function readJson(body: OutboundRequest["body"]): JsonObject | null {
  if (body === null) return null;
  try {
    const value = parseJson(typeof body === "string" ? body : new TextDecoder().decode(body));
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Envelopes of the gateway's own mean nothing to a provider. */
const NO_SEALS: SealBox = {
  wrap() {
    throw new Error("echo mints no seals");
  },
  open: () => ({ kind: "plain" }),
};
const ROUTE = { model: null, stream: null, sse: true, headers: {} };

/** What is wrong with a chat request; null = nothing. */
function mistakeIn(body: JsonObject): GatewayError | null {
  try {
    decodeRequest(body, { route: ROUTE, seals: NO_SEALS });
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

const errorBody = (message: string, code: string, param: string | null = null): JsonObject => ({
  error: { message, type: "invalid_request_error", param, code },
});

const jsonAnswer = (status: number, body: JsonObject): InboundAnswer =>
  new MemoryAnswer(status, "application/json", [JSON.stringify(body)]);

/** An answer that is there already: one chunk for each read. Nothing ever waits, so there is nothing to abort. */
class MemoryAnswer implements InboundAnswer {
  readonly status: number;
  readonly headers: Headers;
  #chunks: Iterator<string>;

  constructor(status: number, contentType: string, chunks: Iterable<string>) {
    this.status = status;
    this.headers = new Headers({ "content-type": contentType });
    this.#chunks = chunks[Symbol.iterator]();
  }

  read(): Promise<Uint8Array | null> {
    const next = this.#chunks.next();
    return Promise.resolve(next.done === true ? null : Buffer.from(next.value));
  }

  cancel(): void {
    this.#chunks = [][Symbol.iterator]();
  }
}
