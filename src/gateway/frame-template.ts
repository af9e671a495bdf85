/** A frame of text as Latin-1, cut where the one string in it begins and ends that differs from frame to frame. */
interface Template {
  /** Up to and with the string's opening quote. */
  prefix: string;
  /** From its closing quote on, with the blank line. */
  suffix: string;
}

/** Frames that a template recognised: how many bytes they are, how many frames, and the text that they bring. */
export interface KnownFrames {
  length: number;
  frames: number;
  text: string;
}

/** Streams whose frames differ in more than their text (sequence numbers, padding) are given up after so many tries. */
const MOST_GUESSES = 4;
/** What stands for itself in a JSON string and in Latin-1: no escape, no control character, no part of a UTF-8 sequence. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;
const BACKSLASH = 0x5c;

/**
 * The frames of a text stream mostly differ in one string only. Once two frames that were read in full have shown which one, further ones are
 * recognised by their bytes: all others are those of a frame that was read, so nothing has to be parsed to know what such a frame says.
 */
export class FrameTemplate {
  #template: Template | null = null;
  #guesses = 0;
  /** Two frames have shown what is the same in all. */
  isProven = false;

  /** It may be worth reading frames one by one. */
  get isOpen(): boolean {
    return this.#guesses <= MOST_GUESSES;
  }

  /** A frame was read in full: the text that is all it said, null when it said something else. */
  learn(raw: Uint8Array, text: string | null): void {
    const template = this.#template;
    this.#template = null;
    this.isProven = false;
    if (text === null || !this.isOpen) return;
    const frame = latin1(raw);
    const known = template === null ? null : readFrame(frame, 0, template);
    if (known?.end === frame.length && known.text === text) {
      this.#template = template;
      this.isProven = true;
      this.#guesses = 0;
    } else {
      this.#guesses += 1;
      this.#template = guess(frame, text);
    }
  }

  /** Reads the known frames from `start` on, where a frame must begin; null when there are none. `bytes` is Latin-1. */
  match(bytes: string, start: number): KnownFrames | null {
    const template = this.#template;
    if (!this.isProven || template === null) return null;
    let end = start;
    let frames = 0;
    let text = "";
    for (;;) {
      const frame = readFrame(bytes, end, template);
      if (frame === null) break;
      text += frame.text;
      end = frame.end;
      frames += 1;
    }
    return frames === 0 ? null : { length: end - start, frames, text };
  }
}

/** Each byte as the character of its number. */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.isBuffer(bytes)
    ? bytes.toString("latin1")
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");

/** Null when the text can't be told from the rest of the frame. */
function guess(frame: string, text: string): Template | null {
  const literal = `"${text}"`;
  const at = PLAIN.test(text) ? frame.indexOf(literal) : -1;
  if (at < 0 || frame.includes(literal, at + 1)) return null;
  return { prefix: frame.slice(0, at + 1), suffix: frame.slice(at + literal.length - 1) };
}

/** The frame at `start`, and where it ends; null when it isn't one of the template. */
function readFrame(bytes: string, start: number, template: Template): { text: string; end: number } | null {
  if (!bytes.startsWith(template.prefix, start)) return null;
  const from = start + template.prefix.length;
  const quote = closingQuote(bytes, from);
  if (quote < 0 || !bytes.startsWith(template.suffix, quote)) return null;
  const text = stringContent(bytes.slice(from, quote));
  return text === null ? null : { text, end: quote + template.suffix.length };
}

/** Position of the first quote from `start` on that no backslash escapes; -1 when there is none. */
function closingQuote(bytes: string, start: number): number {
  for (let from = start; ;) {
    const quote = bytes.indexOf('"', from);
    if (quote < 0) return -1;
    let backslashes = 0;
    while (quote - backslashes > start && bytes.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    from = quote + 1;
  }
}

/** What stands between the quotes of a JSON string in UTF-8, given as Latin-1; null when it isn't valid there. */
function stringContent(raw: string): string | null {
  if (PLAIN.test(raw)) return raw;
  try {
    return JSON.parse(`"${Buffer.from(raw, "latin1").toString("utf8")}"`) as string;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
