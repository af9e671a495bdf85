import { parseWithSource } from "../lib/json.ts";
import { readYaml } from "./yaml.ts";
import type { SourceNode } from "./source.ts";

/**
 * A built-in catalog in a form that is read fast: JSON with numbers as they were written, behind a head that names the source's version.
 * Reading YAML with places takes a cold process 80 ms for the default catalog, this 5 ms; places are needed only where a file may be wrong.
 */
const HEAD = /^\{"\$catalog":"([0-9a-f]{16})",\n"tree":/;

/** Hash of a catalog's source text, 16 hex digits. */
export const textVersion = (text: string): string =>
  new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16);

/** For the build: YAML in, compiled text out. Throws Error when the text is not even YAML. */
export function compileCatalog(text: string): string {
  const { tree, problems } = readYaml(text, "catalog");
  if (tree === null || problems.any) throw new Error("a built-in catalog is not readable");
  return `{"$catalog":"${textVersion(text)}",\n"tree":${print(tree)}}`;
}

function print(node: SourceNode): string {
  if (node.kind === "map") {
    return `{${node.entries.map((entry) => `${JSON.stringify(entry.key ?? "")}:${print(entry.value)}`).join(",")}}`;
  }
  if (node.kind === "list") return `[${node.items.map(print).join(",")}]`;
  const isNumber = typeof node.value === "number" && /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/.test(node.source);
  if (isNumber) return node.source;
  return JSON.stringify(typeof node.value === "number" ? node.source : node.value);
}

/** The tree of a compiled text as JSON; null when the text is not compiled. */
export const compiledTree = (text: string): string | null => {
  const head = HEAD.exec(text);
  return head === null ? null : text.slice(head[0].length, text.lastIndexOf("}"));
};

/** The tree and version of a compiled text, without places; null when the text is not compiled. */
export function readCompiled(text: string): { tree: SourceNode; version: string } | null {
  const version = HEAD.exec(text)?.[1];
  if (version === undefined) return null;
  const parsed = parseWithSource(text, (value, source): SourceNode => {
    if (Array.isArray(value)) return { kind: "list", at: 0, items: value as SourceNode[] };
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value).map(([key, item]) => ({ key, keyAt: 0, value: item as SourceNode }));
      return { kind: "map", at: 0, entries };
    }
    const plain = value as string | number | boolean | null;
    return { kind: "scalar", at: 0, value: plain, source: source ?? String(plain) };
  }) as SourceNode;
  const tree = parsed.kind === "map" ? parsed.entries.find((entry) => entry.key === "tree")?.value : undefined;
  return tree === undefined ? null : { tree, version };
}
