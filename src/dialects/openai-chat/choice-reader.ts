import type { Citation } from "../../ir/events.ts";
import type { Finish } from "../../ir/finish.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { decodeAnnotation } from "./annotation.ts";
import type { AnswerState } from "./answer-state.ts";
import { decodeFinish } from "./finish.ts";
import { MediaReader } from "./media-reader.ts";
import { ReasoningDetails } from "./reasoning-details.ts";
import { objectOf, objectsOf, textOf, wordOf } from "../shared/wire-values.ts";
import type { WireChoice, WireMessage } from "./schema.ts";
import { ThinkTagReader } from "./think-tags.ts";
import { ToolCallReader } from "./tool-call-reader.ts";

type Kind = "text" | "reasoning" | "refusal";

/** Reads the pieces of one choice, streamed or whole, into events. At most one of text, reasoning and refusal is open at a time. */
export class ChoiceReader {
  readonly #state: AnswerState;
  readonly #choice: number;
  readonly #tools: ToolCallReader;
  readonly #media: MediaReader;
  readonly #details = new ReasoningDetails();
  #think: ThinkTagReader | null;
  #nextPart = 0;
  #open: Kind | null = null;
  #part = -1;
  #hasText = false;
  #hasRefusal = false;
  #hasCitations = false;
  /** How the choice ended, null before. */
  finish: Finish | null = null;

  constructor(state: AnswerState, choice: number) {
    this.#state = state;
    this.#choice = choice;
    const nextPart = (): number => {
      this.#nextPart += 1;
      return this.#nextPart - 1;
    };
    this.#tools = new ToolCallReader(state, choice, nextPart);
    this.#media = new MediaReader(state, choice, nextPart);
    this.#think = state.target.compat.think_tags ? new ThinkTagReader((kind, text) => this.#write(kind, text)) : null;
  }

  /** Nothing has come yet: a message that is sent whole at the end of a stream is no repetition then. */
  get isEmpty(): boolean {
    return this.#nextPart === 0;
  }

  /** A delta of text and nothing else: the usual one. */
  text(text: string): void {
    if (this.#think !== null) this.#thinkText(text);
    else this.#write("text", text);
  }

  #thinkText(text: string): void {
    this.#think?.push(text);
    if (this.#think?.isDone === true) this.#think = null;
  }

  /** A delta, or a whole message. */
  message(message: WireMessage, logprobs: JsonValue | undefined): void {
    this.#reasoning(message);
    this.#content(message["content"], objectOf(logprobs)["content"]);
    const refusal = textOf(message["refusal"]);
    if (refusal !== "") this.#write("refusal", refusal, objectOf(logprobs)["refusal"]);
    if (isObject(message["extra_content"])) this.#sealText(message["extra_content"]);
    if (message["annotations"] !== undefined) {
      for (const annotation of objectsOf(message["annotations"])) this.#cite(decodeAnnotation(annotation));
    }
    const calls = message["tool_calls"];
    if (Array.isArray(calls) && calls.length > 0) {
      this.#close();
      this.#tools.push(calls);
    }
    if (isObject(message["function_call"])) this.#tools.pushFunction(message["function_call"]);
    if (isObject(message["audio"])) this.#media.audio(message["audio"]);
    if (message["images"] !== undefined) this.#media.images(message["images"]);
    if (message["executed_tools"] !== undefined) this.#executed(message["executed_tools"]);
  }

  /** Text under one of its names; some gateways send it under two, and once more in the details. */
  #reasoning(message: WireMessage): void {
    const told = wordOf(message["reasoning_content"]) ?? wordOf(message["reasoning"]) ?? wordOf(message["thinking"]);
    const details = message["reasoning_details"];
    const detailed = details === undefined ? "" : this.#details.push(details);
    const text = told ?? detailed;
    if (text !== "") this.#write("reasoning", text);
  }

  #content(content: JsonValue | undefined, logprobs: JsonValue | undefined): void {
    if (Array.isArray(content)) {
      for (const part of content) if (isObject(part)) this.#contentPart(part);
      return;
    }
    const text = textOf(content);
    if (Array.isArray(logprobs) && logprobs.length > 0) this.#write("text", text, logprobs);
    else if (text !== "") this.text(text);
  }

  /** Mistral: content as parts, `thinking` among them (https://docs.mistral.ai/capabilities/reasoning). */
  #contentPart(part: JsonObject): void {
    if (part["type"] === "text") {
      if (textOf(part["text"]) !== "") this.#write("text", textOf(part["text"]));
    } else if (part["type"] === "thinking") this.#thinking(part);
    else if (part["type"] === "image_url") this.#media.images([part]);
    else {
      this.#close();
      this.#state.content({
        type: "native-part",
        choice: this.#choice,
        part: this.#takePart(),
        native: { origin: "openai-chat", value: part },
      });
    }
  }

  #thinking(part: JsonObject): void {
    const inner = part["thinking"];
    const texts = typeof inner === "string" ? [inner] : objectsOf(inner).map((item) => textOf(item["text"]));
    this.#write("reasoning", texts.join(""));
    const signature = wordOf(part["signature"]);
    if (signature === undefined) return;
    const seal = this.#state.seal("signature", signature);
    this.#state.content({ type: "part-seal", choice: this.#choice, part: this.#part, seal });
    this.#close();
  }

  #write(kind: Kind, text: string, logprobs?: JsonValue): void {
    if (this.#open !== kind) this.#begin(kind);
    const choice = this.#choice;
    const part = this.#part;
    // Spelled out: this runs for every piece of text, and spreading costs more than all the rest.
    if (kind === "reasoning") this.#state.content({ type: "reasoning-delta", choice, part, text });
    else {
      const type = kind === "text" ? "text-delta" : "refusal-delta";
      if (Array.isArray(logprobs)) this.#state.content({ type, choice, part, text, logprobs });
      else this.#state.content({ type, choice, part, text });
    }
  }

  #begin(kind: Kind): void {
    this.#close();
    this.#open = kind;
    this.#part = this.#takePart();
    const address = { choice: this.#choice, part: this.#part };
    if (kind === "reasoning") this.#state.emit({ type: "reasoning-start", form: "full", ...address });
    else if (kind === "text") {
      this.#hasText = true;
      this.#state.emit({ type: "text-start", ...address });
    } else {
      this.#hasRefusal = true;
      this.#state.emit({ type: "refusal-start", ...address });
    }
  }

  #takePart(): number {
    this.#nextPart += 1;
    return this.#nextPart - 1;
  }

  #close(): void {
    if (this.#open === null) return;
    if (this.#open === "reasoning") this.#sealReasoning();
    this.#state.emit({ type: "part-end", choice: this.#choice, part: this.#part });
    this.#open = null;
  }

  #sealReasoning(): void {
    const details = this.#details.take();
    if (details === null) return;
    const seal = this.#state.seal("encrypted", details);
    this.#state.content({ type: "part-seal", choice: this.#choice, part: this.#part, seal });
  }

  #sealText(extra: JsonObject): void {
    if (this.#open === null) this.#begin("text");
    const seal = this.#state.seal("thought-signature", JSON.stringify(extra));
    this.#state.content({ type: "part-seal", choice: this.#choice, part: this.#part, seal });
  }

  #cite(citation: Citation): void {
    if (this.#open !== "text") this.#begin("text");
    this.#hasCitations = true;
    if (citation.kind === "url") this.#state.fees["web_search"] = 1;
    this.#state.emit({ type: "citation", choice: this.#choice, part: this.#part, citation });
  }

  /** Sources that the provider names for the answer as a whole, at its end; not when it has told them in their places. */
  #citeSources(citations: readonly Citation[]): void {
    if (this.#hasText && !this.#hasCitations) for (const citation of citations) this.#cite(citation);
  }

  /** Groq's compound models show what they ran (https://console.groq.com/docs/compound); each run is the provider's own tool result. */
  #executed(value: JsonValue | undefined): void {
    for (const tool of objectsOf(value)) {
      this.#close();
      const name = textOf(tool["type"]);
      this.#state.content({
        type: "server-tool-result",
        choice: this.#choice,
        part: this.#takePart(),
        toolId: null,
        name,
        isError: false,
        native: { origin: "openai-chat", value: tool },
      });
      const fee = name === "search" ? "web_search" : name === "python" ? "code_execution" : name;
      if (fee !== "") this.#state.fees[fee] = (this.#state.fees[fee] ?? 0) + 1;
    }
  }

  /** The choice has ended. Some servers say so twice; only a word that says something else counts again. */
  end(raw: string | null, choice: WireChoice, sources: readonly Citation[]): void {
    this.#think?.end();
    this.#think = null;
    if (this.finish === null) this.#citeSources(sources);
    if (this.#open !== "reasoning" && !this.#details.isEmpty) this.#lateDetails();
    this.#close();
    this.#media.end();
    this.#tools.end();
    if (this.finish !== null && (raw === null || raw === this.finish.raw)) return;
    this.finish = decodeFinish(raw, choice, {
      hasText: this.#hasText,
      hasTools: this.#tools.count > 0,
      hasRefusal: this.#hasRefusal,
      hasBrokenTool: this.#tools.hasBroken,
    });
    const logprobs = otherLogprobs(choice["logprobs"]);
    this.#state.emit({
      type: "message-end",
      choice: this.#choice,
      finish: this.finish,
      ...(logprobs === undefined ? {} : { logprobs }),
    });
  }

  /** Opaque state that came after its reasoning had ended, or without any text: a part of its own. */
  #lateDetails(): void {
    const details = this.#details.take();
    if (details === null) return;
    this.#close();
    const address = { choice: this.#choice, part: this.#takePart() };
    this.#state.emit({ type: "reasoning-start", form: "redacted", ...address });
    this.#state.content({ type: "part-seal", ...address, seal: this.#state.seal("encrypted", details) });
    this.#state.emit({ type: "part-end", ...address });
  }
}

/** Log probabilities that are not OpenAI's (Together: `{tokens, token_logprobs}`): kept with the choice. */
function otherLogprobs(value: JsonValue | undefined): JsonValue | undefined {
  if (!isObject(value) || "content" in value || "refusal" in value) return undefined;
  return value;
}
