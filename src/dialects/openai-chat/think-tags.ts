const OPEN = "<think>";
const CLOSE = "</think>";

export type ThinkSink = (kind: "text" | "reasoning", text: string) => void;

/**
 * Takes `<think>…</think>` at the start of the content apart (compat flag `think_tags`): servers that don't parse the output of reasoning
 * models leave the tags in. A tag may be cut anywhere. Tags further on in the text are text.
 */
export class ThinkTagReader {
  readonly #sink: ThinkSink;
  #mode: "start" | "opened" | "inside" | "gap" | "text" = "start";
  /** Text that may turn out to be (part of) a tag. */
  #held = "";

  constructor(sink: ThinkSink) {
    this.#sink = sink;
  }

  /** True when the rest is plain text, which needs no reader any more. */
  get isDone(): boolean {
    return this.#mode === "text" && this.#held === "";
  }

  push(text: string): void {
    this.#held += text;
    if (this.#mode === "start") this.#atStart();
    if (this.#mode === "opened") this.#opened();
    if (this.#mode === "inside") this.#inside();
    if (this.#mode === "gap") this.#gap();
    if (this.#mode === "text") this.#flush("text");
  }

  /** The content is over: what is held was no tag. */
  end(): void {
    if (this.#mode === "gap") this.#held = "";
    this.#flush(this.#mode === "inside" ? "reasoning" : "text");
    this.#mode = "text";
  }

  #atStart(): void {
    const rest = this.#held.trimStart();
    if (rest.startsWith(OPEN)) {
      this.#held = rest.slice(OPEN.length);
      this.#mode = "opened";
    } else if (!OPEN.startsWith(rest)) this.#mode = "text";
  }

  /** The line break after the tag is none of the thought's. */
  #opened(): void {
    if (this.#held === "") return;
    this.#held = this.#held.replace(/^\n/, "");
    this.#mode = "inside";
  }

  #inside(): void {
    const at = this.#held.indexOf(CLOSE);
    const keep = at < 0 ? cutTagLength(this.#held) : this.#held.length - at;
    const thought = this.#held.slice(0, this.#held.length - keep);
    if (thought !== "") this.#sink("reasoning", thought);
    this.#held = at < 0 ? this.#held.slice(thought.length) : this.#held.slice(at + CLOSE.length);
    if (at >= 0) this.#mode = "gap";
  }

  /** Blank lines between the thought and the answer are neither. */
  #gap(): void {
    this.#held = this.#held.trimStart();
    if (this.#held !== "") this.#mode = "text";
  }

  #flush(kind: "text" | "reasoning"): void {
    if (this.#held !== "") this.#sink(kind, this.#held);
    this.#held = "";
  }
}

/** Length of the longest end of `text` that is a beginning of the closing tag. */
function cutTagLength(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length -= 1) {
    if (CLOSE.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
