import { isJson, isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { type AnswerState, jsonText } from "./answer-state.ts";
import { objectOf, objectsOf, textOf, wordOf } from "../shared/wire-values.ts";

interface Call {
  id: string;
  name: string;
  kind: "function" | "custom";
  arguments: string;
  /** Part index; -1 until the name is known. */
  part: number;
  ended: boolean;
  /** `extra_content` that has not been told yet. */
  extra: JsonObject | null;
}

/**
 * Puts tool calls together from their pieces. They come with indexes or (Mistral) without, several in one delta, their name or id given
 * once or again and again, arguments in pieces, whole, or as an object.
 */
export class ToolCallReader {
  readonly #state: AnswerState;
  readonly #choice: number;
  readonly #nextPart: () => number;
  readonly #calls: Call[] = [];
  readonly #byKey = new Map<string, Call>();
  /** A call that can't be used was dropped. */
  hasBroken = false;

  constructor(state: AnswerState, choice: number, nextPart: () => number) {
    this.#state = state;
    this.#choice = choice;
    this.#nextPart = nextPart;
  }

  /** Calls that the client can answer. */
  get count(): number {
    return this.#calls.filter((call) => call.part >= 0).length;
  }

  push(pieces: JsonValue | undefined): void {
    for (const [position, piece] of objectsOf(pieces).entries()) this.#piece(piece, position);
  }

  /** Legacy `function_call: {name, arguments}`: at most one, without an id. */
  pushFunction(value: JsonValue | undefined): void {
    const call = objectOf(value);
    if (textOf(call["name"]) !== "" || this.#byKey.has("legacy")) this.#extend(this.#call("legacy"), call, "arguments");
  }

  #piece(piece: JsonObject, position: number): void {
    const isCustom = piece["type"] === "custom" || isObject(piece["custom"]);
    const body = objectOf(isCustom ? piece["custom"] : piece["function"]);
    const call = this.#find(piece, textOf(body["name"]), position);
    if (isCustom) call.kind = "custom";
    if (call.id === "") call.id = textOf(piece["id"]);
    if (isObject(piece["extra_content"])) call.extra = piece["extra_content"];
    this.#extend(call, body, isCustom ? "input" : "arguments");
    this.#seal(call);
  }

  /** State of the call, which must be known before its arguments: writers may have to put it into the id. */
  #seal(call: Call): void {
    if (call.extra === null || call.part < 0) return;
    const seal = this.#state.seal("thought-signature", JSON.stringify(call.extra));
    call.extra = null;
    this.#state.content({ type: "part-seal", choice: this.#choice, part: call.part, seal });
  }

  /** The call that a piece belongs to. An index that is used again with another id and a name is a new call (Gemini's endpoint). */
  #find(piece: JsonObject, name: string, position: number): Call {
    const id = wordOf(piece["id"]);
    const index = piece["index"];
    if (typeof index !== "number") {
      if (id !== undefined) return this.#call(`id ${id}`);
      return name === ""
        ? (this.#calls.at(-1) ?? this.#call(`at ${position}`))
        : this.#call(`new ${this.#calls.length}`);
    }
    const key = `index ${index}`;
    const known = this.#byKey.get(key);
    const isOther = known !== undefined && id !== undefined && name !== "" && known.id !== "" && known.id !== id;
    if (isOther) this.#byKey.delete(key);
    return this.#call(key);
  }

  #call(key: string): Call {
    let call = this.#byKey.get(key);
    if (call === undefined) {
      this.#endComplete();
      call = { id: "", name: "", kind: "function", arguments: "", part: -1, ended: false, extra: null };
      this.#byKey.set(key, call);
      this.#calls.push(call);
    }
    return call;
  }

  #extend(call: Call, body: JsonObject, field: "arguments" | "input"): void {
    const text = jsonText(body[field]);
    call.arguments += text;
    if (call.part < 0) {
      call.name = textOf(body["name"]);
      if (call.name !== "") this.#start(call);
      return;
    }
    if (text === "") return;
    if (!call.ended) this.#delta(call, text);
    else if (text.trim() !== "") {
      this.#state.lose(
        `choices[${this.#choice}].message.tool_calls`,
        `more arguments for ${call.name} came after its end`,
      );
    }
  }

  #start(call: Call): void {
    call.part = this.#nextPart();
    if (call.id === "") call.id = this.#state.toolId(this.#choice, this.#calls.indexOf(call));
    const { kind, id, name } = call;
    this.#state.content({ type: "tool-start", choice: this.#choice, part: call.part, kind, id, name });
    this.#seal(call);
    if (call.arguments !== "") this.#delta(call, call.arguments);
  }

  #delta(call: Call, text: string): void {
    this.#state.content({ type: "arguments-delta", choice: this.#choice, part: call.part, text });
  }

  /** Calls whose arguments are whole end when the next one begins, so that writers of blocks need not hold that one back. */
  #endComplete(): void {
    for (const call of this.#calls) if (call.kind === "function" && isWhole(call.arguments)) this.#end(call);
  }

  #end(call: Call): void {
    if (call.ended || call.part < 0) return;
    call.ended = true;
    this.#state.emit({ type: "part-end", choice: this.#choice, part: call.part });
  }

  /** The choice is over. A call that never got a name can't be answered by anybody. */
  end(): void {
    for (const [index, call] of this.#calls.entries()) {
      if (call.part >= 0) this.#end(call);
      else {
        this.hasBroken = true;
        this.#state.lose(`choices[${this.#choice}].message.tool_calls[${index}]`, "the call has no name");
      }
    }
  }
}

/** Arguments that may be over: objects end in a brace, which is cheaper to see than to parse. */
const isWhole = (text: string): boolean => text.endsWith("}") && isJson(text);
