import type { GatewayError } from "../../ir/error.ts";
import type { IrEvent } from "../../ir/events.ts";
import type { Loss } from "../../ir/loss.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import type { Annotation, AnswerContext, StreamEncoder } from "../dialect.ts";
import { renderStreamError } from "./error.ts";
import { MessageWriter } from "./write-message.ts";

export const PING = formatSse("ping", '{"type": "ping"}');

const toText = (events: JsonObject[]): string =>
  events.map((event) => formatSse(String(event.type), JSON.stringify(event))).join("");

/** Events as Anthropic's stream: each frame is named by its type, and there is no `[DONE]`. */
export class MessageStreamEncoder implements StreamEncoder {
  readonly #writer: MessageWriter;
  readonly #requestId: string;

  constructor(context: AnswerContext) {
    this.#writer = new MessageWriter(context);
    this.#requestId = context.requestId;
  }

  get losses(): Loss[] {
    return this.#writer.losses;
  }

  push(event: IrEvent): string {
    return toText(this.#writer.push(event));
  }

  finish(annotation: Annotation): string {
    return toText(this.#writer.finish(annotation));
  }

  fail(error: GatewayError): string {
    return renderStreamError(error, this.#requestId);
  }

  keepAlive(): string {
    return PING;
  }
}
