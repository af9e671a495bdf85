import type { Annotation, AnswerContext, Dialect, StreamEncoder } from "../dialect.ts";
import type { GatewayError } from "../../ir/error.ts";
import type { IrEvent } from "../../ir/events.ts";
import type { Finish } from "../../ir/finish.ts";
import type { Loss } from "../../ir/loss.ts";
import type { Usage } from "../../ir/usage.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatSse } from "../../wire/sse.ts";
import { OutputScope } from "./item-writer.ts";
import { OutputWriter } from "./output-writer.ts";
import { errorFields } from "./stream-error.ts";
import { annotationObject } from "../shared/annotation.ts";
import { replay } from "../shared/replay.ts";
import { lostFacts } from "../shared/lost-facts.ts";
import { responseId, responseObject, type ResponseFacts, seedOf } from "./response-object.ts";
import { encodeUsage } from "./usage.ts";

export const KEEP_ALIVE = ": keep-alive\n\n";

/** How the response ends, by why the answer did. */
interface Ending {
  status: "completed" | "incomplete" | "failed";
  reason: string | null;
  error: JsonObject | null;
}

const COMPLETED: Ending = { status: "completed", reason: null, error: null };

/**
 * Writes an answer as a Responses stream (API reference, streaming events): events numbered from 0, items and their parts announced,
 * filled and done, and the whole response in the last event. There is no `[DONE]`.
 */
export class ResponsesEncoder implements StreamEncoder {
  readonly #context: AnswerContext;
  readonly #scope: OutputScope;
  readonly #output: OutputWriter;
  #text = "";
  #sequence = 0;
  #started = false;
  #upstreamId: string | null = null;
  #usage: Usage | null = null;
  #finish: Finish | null = null;
  #hasRefusal = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#scope = new OutputScope(seedOf(context.requestId), (type, fields) => this.#send(type, fields));
    this.#output = new OutputWriter(this.#scope, context);
  }

  get losses(): Loss[] {
    return this.#scope.losses;
  }

  push(event: IrEvent): string {
    switch (event.type) {
      case "message-start":
        this.#upstreamId ??= event.id;
        this.#start();
        break;
      case "usage":
        this.#usage = event.usage;
        break;
      case "message-end":
        this.#end(event.choice, event.finish, event.logprobs !== undefined);
        this.#scope.losses.push(...lostFacts(event, this.#context.target.dialect, "openai-responses"));
        break;
      case "response-end":
        this.#scope.losses.push(...lostFacts(event, this.#context.target.dialect, "openai-responses"));
        break;
      case "prompt-feedback":
      case "answer-loss":
      case "provider-state":
      case "error":
        break;
      default:
        this.#start();
        if (event.type === "refusal-start" && event.choice === 0) this.#hasRefusal = true;
        this.#output.push(event);
    }
    return this.#take();
  }

  #end(choice: number, finish: Finish, hasLogprobs: boolean): void {
    if (choice !== 0) {
      this.#output.loseChoice(choice);
      return;
    }
    this.#finish = finish;
    if (hasLogprobs)
      this.#scope.lose("output.content.logprobs", "log probabilities of this provider have another form");
    if (finish.kind === "pause") this.#scope.lose("status", "the provider paused the turn; it is shown as completed");
  }

  /** The terminal event, with cost and extension block inside its `response`. */
  finish(annotation: Annotation): string {
    this.#start();
    const response = this.response(annotation);
    this.#send(`response.${String(response["status"])}`, { response });
    return this.#take();
  }

  /** The finished response. Items that are still open are closed first. */
  response(annotation: Annotation): JsonObject {
    const ending = this.#ending();
    this.#output.finish(ending.status === "completed");
    const response = this.#object({
      status: ending.status,
      completedAt: ending.status === "completed" ? this.#context.created : null,
      error: ending.error,
      incompleteReason: ending.reason,
      output: this.#scope.items,
      usage: encodeUsage(this.#usage ?? annotation.usage),
    });
    return { ...response, ...annotationObject(annotation) };
  }

  #ending(): Ending {
    switch (this.#finish?.kind) {
      case "length":
      case "context":
        return { status: "incomplete", reason: "max_output_tokens", error: null };
      case "filter":
        return { status: "incomplete", reason: "content_filter", error: null };
      case "refusal":
        // A refusal in words is a completed answer here; one without any is what the filter gives.
        return this.#hasRefusal ? COMPLETED : { status: "incomplete", reason: "content_filter", error: null };
      case "malformed-tool":
        return failure("server_error", "The model made a tool call that can't be read.");
      case "error":
        return failure("server_error", "The model could not finish its answer.");
      default:
        return COMPLETED;
    }
  }

  /** An `error` event, and once the response has begun `response.failed` behind it, as the API does. Nothing follows. */
  fail(error: GatewayError): string {
    const { code, message } = error;
    this.#send("error", errorFields(error));
    if (this.#started) {
      const response = this.#object({ status: "failed", error: { code, message }, output: this.#scope.items });
      this.#send("response.failed", { response });
    }
    return this.#take();
  }

  keepAlive(): string {
    return KEEP_ALIVE;
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const response = this.#object({});
    this.#send("response.created", { response });
    this.#send("response.in_progress", { response });
  }

  #object(facts: Partial<ResponseFacts>): JsonObject {
    return responseObject(this.#context, {
      id: responseId(this.#upstreamId, this.#context.requestId),
      created: this.#context.created,
      status: "in_progress",
      completedAt: null,
      error: null,
      incompleteReason: null,
      output: [],
      serviceTier: this.#usage?.variant.serviceTier ?? null,
      usage: null,
      ...facts,
    });
  }

  #send(type: string, fields: JsonObject): void {
    this.#text += formatSse(type, JSON.stringify({ type, sequence_number: this.#sequence, ...fields }));
    this.#sequence += 1;
  }

  #take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

function failure(code: string, message: string): Ending {
  return { status: "failed", reason: null, error: { code, message } };
}

/** A whole answer as JSON: what the stream's last event would hold. */
export const encodeAnswer: Dialect["encodeAnswer"] = (answer, context, annotation, losses) => {
  const encoder = new ResponsesEncoder(context);
  for (const event of replay(answer)) encoder.push(event);
  const response = encoder.response(annotation);
  losses.push(...encoder.losses);
  return response;
};
