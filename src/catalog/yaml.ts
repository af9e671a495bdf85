import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from "yaml";
import { Problems } from "./problems.ts";
import type { SourceEntry, SourceNode } from "./source.ts";

/** YAML aliases that a file may expand to, so that a small file can't become a huge one. */
const MAX_ALIASES = 100;
const MAX_DEPTH = 32;

/**
 * Reads YAML (1.2, core schema) with places. Gives the tree, or null when the text is so broken that all else would be guessed;
 * duplicate keys, custom tags and too many aliases go to `problems`, and reading goes on.
 */
export function readYaml(text: string, file: string): { tree: SourceNode | null; problems: Problems } {
  const lines = new LineCounter();
  const problems = new Problems(file, (offset) => lines.linePos(offset));
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: "core",
    uniqueKeys: true,
    prettyErrors: false,
    merge: false,
  });
  const found = [...document.errors, ...document.warnings];
  for (const { pos, code, message } of found) problems.addAt(pos[0], [], syntaxMessage(code, message));
  const readable = found.every(({ code }) => code === "DUPLICATE_KEY" || code === "TAG_RESOLVE_FAILED");
  const tree = readable ? new Converter(problems).convert(document.contents as Node | null, 0) : null;
  return { tree, problems };
}

function syntaxMessage(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "the key stands twice in this mapping; remove one of them";
  if (code === "TAG_RESOLVE_FAILED") return "custom YAML tags are not allowed; remove the tag";
  if (code === "MULTIPLE_DOCS") return "the file must be one YAML document; remove the --- in the middle";
  return `YAML: ${message.split("\n")[0] ?? message}`;
}

const offsetOf = (node: { range?: readonly number[] | null } | null): number => node?.range?.[0] ?? 0;
const EMPTY = (at: number): SourceNode => ({ kind: "scalar", at, value: null, source: "" });

class Converter {
  readonly #problems: Problems;
  /** Anchored nodes met so far: an alias stands for the last one of its name before it (YAML 1.2, 7.1). */
  readonly #anchors = new Map<string, Node>();
  #aliases = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  convert(node: Node | null, depth: number): SourceNode {
    const at = offsetOf(node);
    if (depth > MAX_DEPTH) {
      this.#problems.addAt(at, [], `nested deeper than ${MAX_DEPTH} levels`);
      return EMPTY(at);
    }
    if (node === null) return EMPTY(at);
    if (isAlias(node)) return this.#follow(node, depth);
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (isMap(node)) {
      const entries = (node.items as Pair<Node, Node | null>[]).map((pair) => this.#entry(pair, depth));
      return { kind: "map", at, entries };
    }
    if (isSeq(node))
      return { kind: "list", at, items: node.items.map((item) => this.convert(item as Node, depth + 1)) };
    return isScalar(node) ? scalar(node, at) : EMPTY(at);
  }

  #entry({ key, value }: Pair<Node, Node | null>, depth: number): SourceEntry {
    const keyAt = offsetOf(key);
    const converted = this.convert(value, depth + 1);
    const placed = value === null ? { ...converted, at: keyAt } : converted;
    return { key: isScalar(key) ? keyText(key) : null, keyAt, value: placed };
  }

  #follow(alias: Alias, depth: number): SourceNode {
    const at = offsetOf(alias);
    this.#aliases += 1;
    if (this.#aliases === MAX_ALIASES + 1) {
      this.#problems.addAt(at, [], `more than ${MAX_ALIASES} YAML aliases; write the values out`);
    }
    if (this.#aliases > MAX_ALIASES) return EMPTY(at);
    return { ...this.convert(this.#anchors.get(alias.source) ?? null, depth + 1), at };
  }
}

const keyText = (key: Scalar): string =>
  typeof key.value === "string" ? key.value : (key.source ?? String(key.value));

function scalar(node: Scalar, at: number): SourceNode {
  const { value } = node;
  const known = typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null;
  const plain = known ? value : String(value);
  return { kind: "scalar", at, value: plain, source: node.source ?? String(plain) };
}
