import type { IrEvent, IrEventOf } from "../../ir/events.ts";
import type { Seal, SealBox, SealedPart } from "../../ir/seal.ts";
import { isJson, isObject, type JsonObject } from "../../lib/json.ts";
import { unwrapCustomInput } from "../shared/custom-tool.ts";
import type { OutputScope } from "./item-writer.ts";

/** An `encrypted_content`: the provider's own where it is of this dialect, else an envelope that comes back to it through us. */
export function sealText(seals: readonly Seal[], attach: SealedPart["attach"], box: SealBox): string | null {
  const own = seals.find((seal) => seal.origin === "openai-responses" && seal.kind === "encrypted");
  if (own !== undefined && attach === "self") return own.value;
  return seals.length === 0 ? null : box.wrap({ seals: seals.map((seal) => ({ seal, attach })) });
}

/** A reasoning item: summary parts, or the thoughts themselves (`reasoning_text`) when the provider speaks this dialect too. */
export class ReasoningWriter {
  readonly #scope: OutputScope;
  readonly #isText: boolean;
  readonly #id: string;
  readonly #index: number;
  readonly #sections: string[] = [];
  readonly #seals: Seal[] = [];

  constructor(scope: OutputScope, event: IrEventOf<"reasoning-start">, isOwnTarget: boolean) {
    this.#scope = scope;
    this.#isText = event.form === "full" && isOwnTarget;
    this.#id = scope.itemId("rs", event.itemId);
    this.#index = scope.add({ id: this.#id, type: "reasoning", summary: [] });
  }

  push(event: IrEvent): void {
    if (event.type === "part-seal") this.#seals.push(event.seal);
    if (event.type !== "reasoning-delta" || event.text === "") return;
    const section = event.section ?? 0;
    while (this.#sections.length <= section) this.#beginSection();
    this.#sections[section] += event.text;
    const address = this.#address(section);
    if (this.#isText) this.#scope.send("response.reasoning_text.delta", { ...address, delta: event.text });
    else this.#scope.send("response.reasoning_summary_text.delta", { ...address, delta: event.text });
  }

  #address(section: number): JsonObject {
    const index = this.#isText ? { content_index: section } : { summary_index: section };
    return { item_id: this.#id, output_index: this.#index, ...index };
  }

  #part(text: string): JsonObject {
    return { type: this.#isText ? "reasoning_text" : "summary_text", text };
  }

  #beginSection(): void {
    if (this.#sections.length > 0) this.#endSection();
    this.#sections.push("");
    const type = this.#isText ? "response.content_part.added" : "response.reasoning_summary_part.added";
    this.#scope.send(type, { ...this.#address(this.#sections.length - 1), part: this.#part("") });
  }

  #endSection(): void {
    const section = this.#sections.length - 1;
    const text = this.#sections[section] ?? "";
    const address = this.#address(section);
    const [done, partDone] = this.#isText
      ? ["response.reasoning_text.done", "response.content_part.done"]
      : ["response.reasoning_summary_text.done", "response.reasoning_summary_part.done"];
    this.#scope.send(done, { ...address, text });
    this.#scope.send(partDone, { ...address, part: this.#part(text) });
  }

  end(box: SealBox): void {
    if (this.#sections.length > 0) this.#endSection();
    const parts = this.#sections.map((text) => this.#part(text));
    const sealed = sealText(this.#seals, "self", box);
    this.#scope.finish(this.#index, {
      id: this.#id,
      type: "reasoning",
      summary: this.#isText ? [] : parts,
      ...(this.#isText ? { content: parts } : {}),
      ...(sealed === null ? {} : { encrypted_content: sealed }),
    });
  }
}

export interface CallOptions {
  /** The client declared the tool as a custom one, but the target knows functions only: its text is inside `{"input": …}`. */
  unwrap: boolean;
  /** The provider seals calls (Gemini): the call waits for its seal, which travels in its id. */
  waitForSeal: boolean;
  namespace: string | undefined;
  /** What the tool is called within the namespace, where the provider was told another name. */
  localName: string | undefined;
}

/** A call of a function or custom tool. */
export class CallWriter {
  readonly #scope: OutputScope;
  readonly #start: IrEventOf<"tool-start">;
  readonly #options: CallOptions;
  readonly #isCustom: boolean;
  #text = "";
  #item: JsonObject | null = null;
  #index = 0;
  readonly #seals: Seal[] = [];
  #lateSeals: Seal[] = [];

  constructor(scope: OutputScope, start: IrEventOf<"tool-start">, options: CallOptions, box: SealBox) {
    this.#scope = scope;
    this.#start = start;
    this.#options = options;
    this.#isCustom = start.kind === "custom" || options.unwrap;
    if (!options.unwrap && !options.waitForSeal) this.#begin(box);
  }

  #begin(box: SealBox): void {
    const { id, name, itemId, namespace } = this.#start;
    const callId = this.#scope.unique(id === "" ? `call_${this.#scope.items.length}` : id);
    const space = namespace ?? this.#options.namespace;
    this.#item = {
      id: this.#scope.itemId(this.#isCustom ? "ctc" : "fc", itemId),
      type: this.#isCustom ? "custom_tool_call" : "function_call",
      status: "in_progress",
      [this.#isCustom ? "input" : "arguments"]: "",
      call_id: callId + (sealText(this.#seals, "carrier", box) ?? ""),
      name: this.#options.localName ?? name,
      ...(space === undefined ? {} : { namespace: space }),
    };
    this.#index = this.#scope.add(this.#item);
  }

  push(event: IrEvent, box: SealBox): void {
    if (event.type === "part-seal") {
      if (this.#item === null) this.#seals.push(event.seal);
      else this.#lateSeals.push(event.seal);
      if (this.#options.waitForSeal && !this.#options.unwrap) this.#beginWithText(box);
    }
    if (event.type !== "arguments-delta" || event.text === "") return;
    this.#text += event.text;
    if (this.#item !== null) this.#delta(event.text);
  }

  /** What has waited goes out as the first delta. */
  #beginWithText(box: SealBox): void {
    if (this.#item !== null) return;
    this.#begin(box);
    if (this.#text !== "") this.#delta(this.#text);
  }

  #delta(delta: string): void {
    const type = this.#isCustom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta";
    this.#scope.send(type, { ...this.#address(), delta });
  }

  #address(): JsonObject {
    return { item_id: this.#item?.["id"] ?? "", output_index: this.#index };
  }

  /** Gives the seals that came too late for the id of the call. */
  end(box: SealBox): Seal[] {
    if (this.#options.unwrap) this.#unwrap();
    this.#beginWithText(box);
    // A call without arguments is a call with none: clients parse the text as JSON.
    if (this.#text === "" && !this.#isCustom) {
      this.#text = "{}";
      this.#delta(this.#text);
    }
    const field = this.#isCustom ? "input" : "arguments";
    const done = this.#isCustom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done";
    this.#scope.send(done, { ...this.#address(), [field]: this.#text });
    const whole = this.#isCustom || isJson(this.#text);
    this.#scope.finish(this.#index, { ...this.#item, status: whole ? "completed" : "incomplete", [field]: this.#text });
    return this.#lateSeals;
  }

  #unwrap(): void {
    const input = unwrapCustomInput(this.#text);
    if (input === null) {
      this.#scope.lose(
        "output.input",
        "the model did not keep to the form of the custom tool; its arguments are given as they are",
      );
    } else this.#text = input;
  }
}

/** A generated image, as the item of the image tool. Other media have no place in an answer of this dialect. */
export class ImageWriter {
  readonly #scope: OutputScope;
  readonly #id: string;
  readonly #index: number;
  readonly #fields: JsonObject;
  #base64 = "";

  constructor(scope: OutputScope, start: IrEventOf<"media-start">) {
    this.#scope = scope;
    this.#id = scope.itemId("ig", start.itemId);
    const native = isObject(start.native) && start.native["type"] === "image_generation_call" ? start.native : {};
    this.#fields = { type: "image_generation_call", output_format: start.mediaType.replace(/^image\//, ""), ...native };
    this.#index = scope.add({ id: this.#id, type: "image_generation_call", status: "in_progress", result: null });
  }

  push(event: IrEvent): void {
    if (event.type === "media-delta") this.#base64 += event.base64;
  }

  end(): void {
    this.#scope.send("response.image_generation_call.completed", { item_id: this.#id, output_index: this.#index });
    this.#scope.finish(this.#index, { ...this.#fields, id: this.#id, status: "completed", result: this.#base64 });
  }
}
