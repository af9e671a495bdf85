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
  /** True when the UTF-8 text occurs anywhere in the bytes; cheap filter before parsing. */
  includes(text: string): boolean;
  /** The whole body parsed by parseJson (cached). */
  parse(): import("../lib/json.ts").JsonObject;
}
