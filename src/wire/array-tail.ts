import { skipSpace, skipValue } from "./json-grammar.ts";
import { DEFAULT_MAX_DEPTH, type ScannedObject } from "./scan.ts";

/** Source text of a top-level array without its last element; every byte before stays as it is. `[]` when there is no such field. */
export function withoutLastElement(doc: ScannedObject, name: string): string {
  const field = doc.fields.get(name);
  if (field === undefined) return "[]";
  const bytes = Buffer.from(doc.bytes.buffer, doc.bytes.byteOffset, doc.bytes.byteLength);
  const source = { bytes, text: null, maxDepth: DEFAULT_MAX_DEPTH };
  const ends: number[] = [];
  let pos = skipSpace(bytes, field.valueStart + 1);
  while (bytes[pos] !== 0x5d) {
    const end = skipValue(source, pos, 1);
    ends.push(end);
    pos = skipSpace(bytes, end);
    if (bytes[pos] === 0x2c) pos = skipSpace(bytes, pos + 1);
  }
  return `${bytes.toString("utf8", field.valueStart, ends.at(-2) ?? field.valueStart + 1)}]`;
}
