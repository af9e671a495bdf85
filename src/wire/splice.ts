import { DEFAULT_MAX_DEPTH, type ScannedField, type ScannedObject } from "./scan.ts";
import { JsonScanError } from "./json-error.ts";
import { skipSpace, skipString, skipValue, type Source, type ValueRange } from "./json-grammar.ts";

/** A replacement of the bytes [start, end) by a text. */
interface Edit extends ValueRange {
  text: string;
}

export interface FieldEdits {
  /** Field → JSON source text of its new value. Fields that aren't there are appended in this order. */
  set?: Record<string, string>;
  remove?: string[];
}

/**
 * The object's bytes with top-level fields replaced in place, removed (with one comma) or appended before the final brace. All other
 * bytes, white space included, stay as they are; without a change the same array is given back. A name in both lists is set.
 */
export function spliceFields(doc: ScannedObject, edits: FieldEdits): Uint8Array {
  const { set = {}, remove = [] } = edits;
  const removed = removedFields(doc, set, remove);
  const changes = removals(doc.fields, removed);
  let appended = "";
  for (const name of Object.keys(set)) {
    const text = set[name] ?? "";
    const field = doc.fields.get(name);
    if (field !== undefined) changes.push({ start: field.valueStart, end: field.valueEnd, text });
    else appended += `${appended === "" ? "" : ","}${JSON.stringify(name)}:${text}`;
  }
  if (appended !== "") {
    const brace = doc.bytes.lastIndexOf(0x7d);
    const comma = doc.fields.size > removed.size ? "," : "";
    changes.push({ start: brace, end: brace, text: comma + appended });
  }
  return applyEdits(doc.bytes, changes);
}

const NONE: ReadonlySet<string> = new Set();

function removedFields(doc: ScannedObject, set: object, remove: readonly string[]): ReadonlySet<string> {
  if (remove.length === 0) return NONE;
  return new Set(remove.filter((name) => doc.fields.has(name) && !Object.hasOwn(set, name)));
}

/** One edit per removed field, which takes the comma before it, or the one after it when no field before it stays. */
function removals(fields: ReadonlyMap<string, ScannedField>, removed: ReadonlySet<string>): Edit[] {
  if (removed.size === 0) return [];
  const edits: Edit[] = [];
  const list = [...fields];
  let keptBefore = false;
  for (const [index, [name, field]] of list.entries()) {
    if (!removed.has(name)) {
      keptBefore = true;
      continue;
    }
    const previous = list[index - 1]?.[1];
    const next = list[index + 1]?.[1];
    if (keptBefore && previous !== undefined) edits.push({ start: previous.valueEnd, end: field.valueEnd, text: "" });
    else edits.push({ start: field.keyStart, end: next?.keyStart ?? field.valueEnd, text: "" });
  }
  return edits;
}

/**
 * Inserts `"a":1,"b":2` before the last closing brace in `bytes`, which hold one JSON object, or one SSE frame or array element around
 * it. What follows the brace stays. Throws JsonScanError when there is no brace.
 */
export function appendFields(bytes: Uint8Array, fields: string): Uint8Array {
  const brace = bytes.lastIndexOf(0x7d);
  if (brace < 0) throw new JsonScanError("no JSON object to add fields to", 0, "");
  return insertFields(bytes, brace, fields);
}

/**
 * As `appendFields`, into the object at `path` (names of fields, array indexes as decimal text) of the first JSON object in `bytes`.
 * Throws JsonScanError when there is no object at the path.
 */
export function appendNestedFields(bytes: Uint8Array, path: string[], fields: string): Uint8Array {
  const range = locate(sourceOf(bytes), path);
  if (range === null || bytes[range.start] !== 0x7b) {
    throw new JsonScanError("no JSON object to add fields to", 0, path.join("."));
  }
  return insertFields(bytes, range.end - 1, fields);
}

/**
 * Replaces the value at `path` by a JSON source text, or adds it as the last field of its parent object when it isn't there.
 * Throws JsonScanError when the parent isn't an object either.
 */
export function replaceNested(bytes: Uint8Array, path: string[], jsonText: string): Uint8Array {
  const range = locate(sourceOf(bytes), path);
  if (range !== null) return applyEdits(bytes, [{ ...range, text: jsonText }]);
  const name = path.at(-1) ?? "";
  return appendNestedFields(bytes, path.slice(0, -1), `${JSON.stringify(name)}:${jsonText}`);
}

function insertFields(bytes: Uint8Array, brace: number, fields: string): Uint8Array {
  if (fields === "") return bytes;
  let before = brace - 1;
  while (isSpace(bytes[before])) before -= 1;
  const comma = bytes[before] === 0x7b ? "" : ",";
  return applyEdits(bytes, [{ start: brace, end: brace, text: comma + fields }]);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function sourceOf(bytes: Uint8Array): Source {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes: buffer, text: null, maxDepth: DEFAULT_MAX_DEPTH };
}

/** Range of the value at `path` in the first JSON object of the bytes; null when a step is missing. Of equal keys the last counts, as in JSON.parse. */
function locate(source: Source, path: readonly string[]): ValueRange | null {
  const start = source.bytes.indexOf(0x7b);
  if (start < 0) throw new JsonScanError("no JSON object found", 0, "");
  let range: ValueRange | null = { start, end: skipValue(source, start, 1) };
  for (const step of path) {
    if (range === null) return null;
    range = source.bytes[range.start] === 0x7b ? fieldRange(source, range, step) : elementRange(source, range, step);
  }
  return range;
}

function fieldRange(source: Source, object: ValueRange, name: string): ValueRange | null {
  const bytes = source.bytes;
  let found: ValueRange | null = null;
  let pos = skipSpace(bytes, object.start + 1);
  while (bytes[pos] === 0x22) {
    const keyEnd = skipString(source, pos);
    const key = JSON.parse(bytes.toString("utf8", pos, keyEnd)) as string;
    const start = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const end = skipValue(source, start, 1);
    if (key === name) found = { start, end };
    pos = skipSpace(bytes, end);
    if (bytes[pos] === 0x2c) pos = skipSpace(bytes, pos + 1);
  }
  return found;
}

function elementRange(source: Source, array: ValueRange, step: string): ValueRange | null {
  const bytes = source.bytes;
  if (bytes[array.start] !== 0x5b || !/^[0-9]+$/.test(step)) return null;
  let pos = skipSpace(bytes, array.start + 1);
  for (let index = 0; bytes[pos] !== 0x5d; index += 1) {
    const end = skipValue(source, pos, 1);
    if (index === Number(step)) return { start: pos, end };
    pos = skipSpace(bytes, end);
    if (bytes[pos] === 0x2c) pos = skipSpace(bytes, pos + 1);
  }
  return null;
}

/** Applies edits that don't overlap. */
function applyEdits(bytes: Uint8Array, edits: Edit[]): Uint8Array {
  if (edits.length === 0) return bytes;
  if (edits.length > 1) edits.sort((a, b) => a.start - b.start || a.end - b.end);
  const source = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let length = source.length;
  for (const { start, end, text } of edits) length += Buffer.byteLength(text) - (end - start);
  const edited = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  for (const { start, end, text } of edits) {
    to += source.copy(edited, to, from, start);
    to += edited.write(text, to);
    from = end;
  }
  source.copy(edited, to, from);
  return edited;
}
