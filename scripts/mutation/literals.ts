import {
  isBigIntLiteral,
  isElementAccessExpression,
  isNumericLiteral,
  isPropertyAssignment,
  isStringLiteral,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import { type Change, change } from "./mutants.ts";

/**
 * Numbers 0 ↔ 1 and any other one up by one, truth values, words. Texts with a blank are prose for people (messages, reasons): they are not what the
 * money depends on, and stay as they are. So do names of properties.
 */
export function literalMutants(node: Node, source: SourceFile): Change[] {
  const literal = (text: string): Change[] => [change(node, source, "literal", text)];
  if (node.kind === SyntaxKind.TrueKeyword) return literal("false");
  if (node.kind === SyntaxKind.FalseKeyword) return literal("true");
  if (isBigIntLiteral(node)) return literal(nextOf(node.getText(source).slice(0, -1), "n"));
  if (isNumericLiteral(node)) return literal(nextOf(node.getText(source), ""));
  if (!isStringLiteral(node) || isName(node)) return [];
  const text = node.getText(source);
  if (text === '""') return literal('"mutant"');
  return text.includes(" ") ? [] : literal('""');
}

function nextOf(digits: string, suffix: string): string {
  const value = BigInt(digits.replaceAll("_", ""));
  return `${value === 1n ? 0n : value + 1n}${suffix}`;
}

const isName = (node: Node): boolean =>
  (isPropertyAssignment(node.parent) && node.parent.name === node) ||
  (isElementAccessExpression(node.parent) && node.parent.argumentExpression !== node);
