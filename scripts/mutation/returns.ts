import {
  isArrowFunction,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  type Node,
  type SourceFile,
} from "typescript/unstable/ast";
import { type Change, change, isGiven } from "./mutants.ts";

/** Plain values by declared type: what a function would give that had not been written. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/\| null$/, "null"],
  [/^(Nano|bigint)$/, "0n"],
  [/^number$/, "0"],
  [/^string$/, '""'],
  [/\[\]$/, "[]"],
  [/^(Readonly)?Map</, "new Map()"],
  [/^Rational$/, "({ num: 0n, den: 1n })"],
];

/** What functions with a declared type give becomes a plain value of that type; a truth value becomes its opposite. */
export function returnMutants(node: Node, source: SourceFile): Change[] {
  if (!isGiven(node)) return [];
  const type = declaredType(node.parent, source);
  const text = node.getText(source);
  if (type === "boolean" && text !== "true" && text !== "false")
    return [change(node, source, "return value", `!(${text})`)];
  const plain = PLAIN.find(([pattern]) => type !== null && pattern.test(type))?.[1];
  if (plain === undefined || plain === text) return [];
  return [change(node, source, "return value", plain)];
}

/** The type that the function around a node declares to give. */
function declaredType(from: Node, source: SourceFile): string | null {
  for (let node: Node | undefined = from; node !== undefined; node = node.parent) {
    if (
      isArrowFunction(node) ||
      isFunctionDeclaration(node) ||
      isMethodDeclaration(node) ||
      isGetAccessorDeclaration(node)
    ) {
      return node.type?.getText(source) ?? null;
    }
  }
  return null;
}
