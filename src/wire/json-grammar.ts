import { JsonScanError } from "./json-error.ts";

/**
 * The grammar of RFC 8259 over bytes: each `skip…` function takes the position where a token begins and gives the position behind it.
 * Bytes are UTF-8 that has been checked before; so inside strings only quotes, backslashes and control characters matter.
 */
export interface Source {
  readonly bytes: Buffer;
  /**
   * The bytes as Latin-1 text, one character per byte, made when the first long string is met: the regular expression engine
   * skips plain text many bytes at a time.
   */
  text: string | null;
  readonly maxDepth: number;
}

export interface ValueRange {
  start: number;
  /** Exclusive. */
  end: number;
}

// Written out, not as a negated class, which the engine would not search with vector instructions (5 times slower).
// oxlint-disable-next-line no-control-regex -- JSON forbids exactly these in strings
const STRING_STOP = /["\\\u0000-\u001f]/g;
/** Bytes of a string that are looked at one by one before the regular expression is worth its call. */
const SHORT_STRING = 32;

/** Position of the next byte that is not JSON white space. */
export function skipSpace(bytes: Uint8Array, start: number): number {
  let pos = start;
  for (;;) {
    const byte = bytes[pos];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return pos;
    pos += 1;
  }
}

/** Skips any value. `depth` is the one that a container here would have, the outermost being 1. */
export function skipValue(source: Source, pos: number, depth: number): number {
  switch (source.bytes[pos]) {
    case 0x22:
      return skipString(source, pos);
    case 0x7b:
      return skipObject(source, pos, depth);
    case 0x5b:
      return skipArray(source, pos, depth);
    case 0x74:
      return skipWord(source.bytes, pos, "true");
    case 0x66:
      return skipWord(source.bytes, pos, "false");
    case 0x6e:
      return skipWord(source.bytes, pos, "null");
    default:
      return skipNumber(source.bytes, pos);
  }
}

function skipObject(source: Source, start: number, depth: number): number {
  const bytes = source.bytes;
  checkDepth(source, start, depth);
  let pos = skipSpace(bytes, start + 1);
  if (bytes[pos] === 0x7d) return pos + 1;
  for (;;) {
    if (bytes[pos] !== 0x22) throw JsonScanError.at(bytes, pos, "a field name in double quotes is expected");
    pos = skipSpace(bytes, skipString(source, pos));
    if (bytes[pos] !== 0x3a) throw JsonScanError.at(bytes, pos, "a colon is expected after a field name");
    pos = skipSpace(bytes, skipValue(source, skipSpace(bytes, pos + 1), depth + 1));
    if (bytes[pos] === 0x7d) return pos + 1;
    if (bytes[pos] !== 0x2c) throw JsonScanError.at(bytes, pos, "a comma or the end of the object is expected");
    pos = skipSpace(bytes, pos + 1);
  }
}

function skipArray(source: Source, start: number, depth: number): number {
  const bytes = source.bytes;
  checkDepth(source, start, depth);
  let pos = skipSpace(bytes, start + 1);
  if (bytes[pos] === 0x5d) return pos + 1;
  for (;;) {
    pos = skipSpace(bytes, skipValue(source, pos, depth + 1));
    if (bytes[pos] === 0x5d) return pos + 1;
    if (bytes[pos] !== 0x2c) throw JsonScanError.at(bytes, pos, "a comma or the end of the array is expected");
    pos = skipSpace(bytes, pos + 1);
  }
}

function checkDepth(source: Source, pos: number, depth: number): void {
  if (depth > source.maxDepth) {
    throw JsonScanError.at(source.bytes, pos, `nested deeper than ${source.maxDepth} levels`);
  }
}

/** Skips a string that begins with the quote at `start`. */
export function skipString(source: Source, start: number): number {
  const bytes = source.bytes;
  let pos = start + 1;
  let patience = pos + SHORT_STRING;
  for (;;) {
    const byte = bytes[pos];
    if (byte === 0x22) return pos + 1;
    if (byte === 0x5c) {
      pos = skipEscape(bytes, pos);
      patience = pos + SHORT_STRING;
    } else if (byte === undefined) throw JsonScanError.at(bytes, pos, "a closing quote is expected");
    else if (byte < 0x20) throw JsonScanError.at(bytes, pos, "a control character stands unescaped in a string");
    else if (pos < patience) pos += 1;
    else {
      pos = nextStop(source, pos);
      patience = pos + SHORT_STRING;
    }
  }
}

/** Position of the next quote, backslash or control character, or the end. */
function nextStop(source: Source, pos: number): number {
  const text = source.text ?? source.bytes.toString("latin1");
  source.text = text;
  STRING_STOP.lastIndex = pos;
  return STRING_STOP.test(text) ? STRING_STOP.lastIndex - 1 : text.length;
}

/** Skips the escape whose backslash is at `pos`. Surrogates need not come in pairs (RFC 8259, section 8.2). */
function skipEscape(bytes: Uint8Array, pos: number): number {
  switch (bytes[pos + 1]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return pos + 2;
    case 0x75: // u
      for (let digit = pos + 2; digit < pos + 6; digit += 1) {
        if (!isHexDigit(bytes[digit])) throw JsonScanError.at(bytes, digit, "four hexadecimal digits are expected");
      }
      return pos + 6;
    default:
      throw JsonScanError.at(bytes, pos + 1, "unknown escape in a string");
  }
}

function skipNumber(bytes: Uint8Array, start: number): number {
  let pos = bytes[start] === 0x2d ? start + 1 : start;
  if (bytes[pos] === 0x30) pos += 1;
  else pos = skipDigits(bytes, pos, pos === start ? "a value is expected" : "a digit is expected");
  if (bytes[pos] === 0x2e) pos = skipDigits(bytes, pos + 1, "a digit is expected after the decimal point");
  if (bytes[pos] === 0x65 || bytes[pos] === 0x45) {
    pos += 1;
    if (bytes[pos] === 0x2b || bytes[pos] === 0x2d) pos += 1;
    pos = skipDigits(bytes, pos, "a digit is expected in the exponent");
  }
  return pos;
}

/** At least one digit. */
function skipDigits(bytes: Uint8Array, start: number, expectation: string): number {
  let pos = start;
  while (isDigit(bytes[pos])) pos += 1;
  if (pos === start) throw JsonScanError.at(bytes, pos, expectation);
  return pos;
}

function skipWord(bytes: Uint8Array, start: number, word: string): number {
  for (let index = 1; index < word.length; index += 1) {
    if (bytes[start + index] !== word.charCodeAt(index)) throw JsonScanError.at(bytes, start, "a value is expected");
  }
  return start + word.length;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
