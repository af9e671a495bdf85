import { isUtf8 } from "node:buffer";
import { isObject, type JsonObject, parseJson } from "../lib/json.ts";
import { skipSpace, skipString, skipValue, type Source, type ValueRange } from "./json-grammar.ts";
import { JsonScanError } from "./json-error.ts";

export { JsonScanError } from "./json-error.ts";

/** Where a top-level field stands in the scanned bytes. Offsets are byte offsets into `bytes`. */
export interface ScannedField {
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  /** Exclusive. */
  valueEnd: number;
}

/**
 * A JSON object's bytes with the places of its top-level fields. The scanner has refused duplicate keys, decoded escaped key names,
 * checked depth, UTF-8 and syntax: the bytes it scanned are the bytes that are sent.
 */
export interface ScannedObject {
  readonly bytes: Uint8Array;
  readonly fields: ReadonlyMap<string, ScannedField>;
  /** Parsed value of a top-level field (cached), undefined when absent. */
  value(name: string): unknown;
  /** True when the UTF-8 text occurs anywhere in the bytes; cheap filter before parsing, cheapest for ASCII. */
  includes(text: string): boolean;
  /** The whole body parsed by parseJson (cached). */
  parse(): JsonObject;
  /** Lets go of all that was made out of the bytes, for a holder that lives long; it is made anew when it is asked for. */
  forget(): void;
}

/** Containers inside containers, the object itself included, that a body may have. */
export const DEFAULT_MAX_DEPTH = 64;

/**
 * Keys that no body may have at its top level: whoever copies such an object by assignment would change a prototype. Deeper ones
 * are own properties of what JSON.parse makes and stay there, since nobody merges parsed objects.
 */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Scans the bytes of one JSON object (RFC 8259) in one pass, without building values.
 * Throws JsonScanError, which tells offset and path, on: bytes that are not UTF-8, anything outside the grammar, a value that is not
 * an object, more than `maxDepth` containers inside each other (64), a top-level key given twice (also when spelled with escapes),
 * and the top-level keys `__proto__`, `constructor` and `prototype`. An escaped lone surrogate is legal JSON and accepted.
 */
export function scanObject(bytes: Uint8Array, options: { maxDepth?: number } = {}): ScannedObject {
  const buffer = asBuffer(bytes);
  if (!isUtf8(bytes)) throw new JsonScanError("the body is not valid UTF-8", invalidUtf8Offset(buffer), "");
  const source: Source = { bytes: buffer, text: null, maxDepth: options.maxDepth ?? DEFAULT_MAX_DEPTH };
  const start = skipSpace(buffer, 0);
  if (start === buffer.length) throw new JsonScanError("the body is empty; a JSON object is expected", start, "");
  const fields = new Map<string, ScannedField>();
  let pos: number;
  if (buffer[start] === 0x7b) pos = scanFields(source, start, fields);
  else {
    skipValue(source, start, 1);
    throw new JsonScanError("the body must be a JSON object", start, "");
  }
  const end = skipSpace(buffer, pos);
  if (end !== buffer.length) throw new JsonScanError("text after the end of the JSON object", end, "");
  return new Scan(bytes, buffer, fields);
}

/** Reads `{ key : value, … }` at `start`; gives the position behind it. */
function scanFields(source: Source, start: number, fields: Map<string, ScannedField>): number {
  const bytes = source.bytes;
  let pos = skipSpace(bytes, start + 1);
  if (bytes[pos] === 0x7d) return pos + 1;
  for (;;) {
    const keyStart = pos;
    if (bytes[pos] !== 0x22) throw JsonScanError.at(bytes, pos, "a field name in double quotes is expected");
    const keyEnd = skipString(source, pos);
    const name = readKey(bytes, { start: keyStart, end: keyEnd });
    if (fields.has(name)) throw new JsonScanError(`duplicate field ${JSON.stringify(name)}`, keyStart, name);
    if (FORBIDDEN_KEYS.has(name)) {
      throw new JsonScanError(`the field name ${JSON.stringify(name)} is not allowed`, keyStart, name);
    }
    pos = skipSpace(bytes, keyEnd);
    if (bytes[pos] !== 0x3a) throw JsonScanError.at(bytes, pos, "a colon is expected after a field name");
    const valueStart = skipSpace(bytes, pos + 1);
    const valueEnd = skipValue(source, valueStart, 2);
    fields.set(name, { keyStart, keyEnd, valueStart, valueEnd });
    pos = skipSpace(bytes, valueEnd);
    if (bytes[pos] === 0x7d) return pos + 1;
    if (bytes[pos] !== 0x2c) throw JsonScanError.at(bytes, pos, "a comma or the end of the object is expected");
    pos = skipSpace(bytes, pos + 1);
  }
}

/** The key's text with its escapes decoded. */
function readKey(bytes: Buffer, range: ValueRange): string {
  const raw = bytes.toString("utf8", range.start + 1, range.end - 1);
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/** The same memory as a Buffer, for its native slices and searches. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Offset of the first ill-formed sequence: the longest valid prefix, found by halving. */
function invalidUtf8Offset(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    const cut = characterStart(bytes, middle);
    if (cut > good && isUtf8(bytes.subarray(good, cut))) good = cut;
    else if (cut > good) bad = cut;
    else break;
  }
  return good;
}

/** The nearest position at or before `pos` that is no continuation byte (at most three back). */
function characterStart(bytes: Buffer, pos: number): number {
  let start = pos;
  while (start > pos - 3 && start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}

/** Bytes from which on a body is searched where it stands, without a copy. */
const LARGE = 256 * 1024;

class Scan implements ScannedObject {
  readonly bytes: Uint8Array;
  readonly fields: ReadonlyMap<string, ScannedField>;
  readonly #buffer: Buffer;
  readonly #values = new Map<string, unknown>();
  #whole: JsonObject | null = null;
  /** The bytes one by one as characters: a string is searched ten times as fast as a buffer. */
  #latin1: string | null = null;

  constructor(bytes: Uint8Array, buffer: Buffer, fields: ReadonlyMap<string, ScannedField>) {
    this.bytes = bytes;
    this.#buffer = buffer;
    this.fields = fields;
  }

  value(name: string): unknown {
    const field = this.fields.get(name);
    if (field === undefined) return undefined;
    if (this.#whole !== null) return this.#whole[name];
    if (this.#values.has(name)) return this.#values.get(name);
    const value = parseJson(this.#buffer.toString("utf8", field.valueStart, field.valueEnd));
    this.#values.set(name, value);
    return value;
  }

  includes(text: string): boolean {
    const isAscii = Buffer.byteLength(text) === text.length;
    if (!isAscii || this.#buffer.length > LARGE) return this.#buffer.includes(text, 0, "utf8");
    this.#latin1 ??= this.#buffer.toString("latin1");
    return this.#latin1.includes(text);
  }

  parse(): JsonObject {
    if (this.#whole !== null) return this.#whole;
    const value = parseJson(this.#buffer.toString("utf8", 0, this.#buffer.length));
    if (!isObject(value)) throw new JsonScanError("the body must be a JSON object", 0, "");
    this.#whole = value;
    return value;
  }

  forget(): void {
    this.#values.clear();
    this.#whole = null;
    this.#latin1 = null;
  }
}
