import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { AnswerState } from "./answer-state.ts";
import { objectsOf, textOf } from "../shared/wire-values.ts";

const DATA_URL = /^data:([^;,]+);base64,/;

/** Generated audio (`message.audio`, in a stream piece by piece) and images (OpenRouter's `images`). */
export class MediaReader {
  readonly #state: AnswerState;
  readonly #choice: number;
  readonly #nextPart: () => number;
  /** Part of the audio that is being received, -1 = none. */
  #audio = -1;
  #audioId = "";

  constructor(state: AnswerState, choice: number, nextPart: () => number) {
    this.#state = state;
    this.#choice = choice;
    this.#nextPart = nextPart;
  }

  /** The format is what the request asked for; the answer does not repeat it. */
  audio(audio: JsonObject): void {
    const base64 = textOf(audio["data"]);
    const transcript = textOf(audio["transcript"]);
    const id = textOf(audio["id"]);
    if (base64 === "" && transcript === "" && id === "") return;
    if (this.#audio < 0 || (id !== "" && this.#audioId !== "" && id !== this.#audioId)) this.#startAudio(id, audio);
    if (base64 === "" && transcript === "") return;
    this.#state.content({
      type: "media-delta",
      choice: this.#choice,
      part: this.#audio,
      base64,
      ...(transcript === "" ? {} : { transcript }),
    });
  }

  #startAudio(id: string, audio: JsonObject): void {
    this.end();
    this.#audio = this.#nextPart();
    this.#audioId = id;
    const expires = audio["expires_at"];
    this.#state.content({
      type: "media-start",
      choice: this.#choice,
      part: this.#audio,
      mediaType: "audio/wav",
      native: { id, ...(typeof expires === "number" ? { expires_at: expires } : {}) },
    });
  }

  images(value: JsonValue | undefined): void {
    for (const image of objectsOf(value)) {
      const url = isObject(image["image_url"]) ? textOf(image["image_url"]["url"]) : textOf(image["image_url"]);
      const mediaType = DATA_URL.exec(url)?.[1];
      const address = { choice: this.#choice, part: this.#nextPart() };
      if (mediaType === undefined) {
        this.#state.content({ type: "native-part", ...address, native: { origin: "openai-chat", value: image } });
        continue;
      }
      this.#state.content({ type: "media-start", ...address, mediaType });
      this.#state.content({ type: "media-delta", ...address, base64: url.slice(url.indexOf(",") + 1) });
      this.#state.emit({ type: "part-end", ...address });
    }
  }

  end(): void {
    if (this.#audio < 0) return;
    this.#state.emit({ type: "part-end", choice: this.#choice, part: this.#audio });
    this.#audio = -1;
  }
}
