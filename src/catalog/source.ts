/** A catalog text as a tree that knows where each value stands and how it was written, whatever it was read from. */
export type SourceNode =
  | { kind: "map"; at: number; entries: SourceEntry[] }
  | { kind: "list"; at: number; items: SourceNode[] }
  | { kind: "scalar"; at: number; value: string | number | boolean | null; source: string };

export interface SourceEntry {
  /** Null when the key is no plain text. */
  key: string | null;
  keyAt: number;
  value: SourceNode;
}
