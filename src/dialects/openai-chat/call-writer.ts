import type { AnswerContext } from "../dialect.ts";
import type { IrEventOf } from "../../ir/events.ts";
import type { Seal, SealBox, SealedPart } from "../../ir/seal.ts";
import type { JsonObject } from "../../lib/json.ts";
import { unwrapCustomInput } from "../shared/custom-tool.ts";

/** What a call needs of the choice that it belongs to. */
export interface CallScope {
  context: AnswerContext;
  delta(fields: JsonObject): void;
  lose(field: string, reason: string): void;
  /** Sealed reasoning that no id carries yet: the next call takes it. */
  takeReasoning(): SealedPart[];
}

/**
 * Writes one tool call. Its id carries the seals that the client would not echo otherwise, so a call whose own seal may still come is held
 * back: until its end where the provider sends calls whole (Gemini), until the next event elsewhere in this dialect.
 */
export class CallWriter {
  readonly #scope: CallScope;
  readonly #start: IrEventOf<"tool-start">;
  readonly #index: number;
  /** The client declared a custom tool that the target knew as a function only: the input is inside the arguments. */
  readonly #unwraps: boolean;
  /** The client speaks the legacy form: one call, without an id. */
  readonly #isLegacy: boolean;
  readonly #wait: "end" | "next" | "no";
  readonly #seals: Seal[] = [];
  #arguments = "";
  #begun = false;
  #ended = false;

  constructor(scope: CallScope, start: IrEventOf<"tool-start">, index: number) {
    const { request, body, target } = scope.context;
    this.#scope = scope;
    this.#start = start;
    this.#index = index;
    const declared = request.tools.find((tool) => tool.name === start.name);
    this.#unwraps = start.kind === "function" && declared?.kind === "custom";
    this.#isLegacy = Array.isArray(body["functions"]) && !Array.isArray(body["tools"]);
    this.#wait =
      target.dialect === "gemini" || this.#unwraps ? "end" : target.dialect === "openai-chat" ? "next" : "no";
    if (this.#wait === "no") this.#begin();
  }

  /** An event that isn't this call's seal: whatever was to be waited for is here. */
  settle(): void {
    if (this.#wait === "next") this.#begin();
  }

  seal(seal: Seal): void {
    if (this.#begun) {
      this.#scope.lose(`tool_calls[${this.#index}]`, "reasoning state came after the call had been sent");
    } else this.#seals.push(seal);
  }

  push(text: string): void {
    this.#arguments += text;
    if (this.#begun && text !== "") this.#delta(text);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#begin();
    // Clients parse the arguments: a call without any has an empty object.
    if (this.#arguments === "" && this.#start.kind === "function" && !this.#unwraps) this.#delta("{}");
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { kind, name } = this.#start;
    const held = this.#unwraps ? this.#input() : this.#arguments;
    const isCustom = kind === "custom" || this.#unwraps;
    if (this.#isLegacy) this.#scope.delta({ function_call: { name, arguments: held } });
    else {
      const id = this.#start.id + this.#envelope(this.#scope.context.seals);
      const body = isCustom ? { name, input: held } : { name, arguments: held };
      const type = isCustom ? "custom" : "function";
      this.#scope.delta({ tool_calls: [{ index: this.#index, id, type, [type]: body }] });
    }
  }

  #input(): string {
    const input = unwrapCustomInput(this.#arguments);
    if (input === null) {
      this.#scope.lose(
        `tool_calls[${this.#index}].custom.input`,
        "the model did not write it as asked; passed on as it is",
      );
    }
    return input ?? this.#arguments;
  }

  #delta(text: string): void {
    if (this.#isLegacy) {
      this.#scope.delta({ function_call: { arguments: text } });
      return;
    }
    const isCustom = this.#start.kind === "custom";
    const body = isCustom ? { custom: { input: text } } : { function: { arguments: text } };
    this.#scope.delta({ tool_calls: [{ index: this.#index, ...body }] });
  }

  #envelope(box: SealBox): string {
    const own = this.#seals.map((seal): SealedPart => ({ seal, attach: "carrier" }));
    const seals = [...this.#scope.takeReasoning(), ...own];
    return seals.length === 0 ? "" : box.wrap({ seals });
  }
}
