/** The classical mutants of a source file: one small change each, as text to put in place of a range. */
import {
  isArrowFunction,
  isBinaryExpression,
  isBlock,
  isCallExpression,
  isConditionalExpression,
  isExpressionStatement,
  isIfStatement,
  isImportDeclaration,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isReturnStatement,
  isThrowStatement,
  isTypeNode,
  isWhileStatement,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";
import { literalMutants } from "./literals.ts";
import { returnMutants } from "./returns.ts";

/** What kind of change a mutant is. */
export type Operator =
  | "arithmetic"
  | "boundary"
  | "call"
  | "condition"
  | "literal"
  | "logic"
  | "return value"
  | "statement";

/** A change before it has a file: `[start, end)` in UTF-16 units becomes `text`. */
export interface Change {
  operator: Operator;
  start: number;
  end: number;
  text: string;
}

export interface Mutant extends Change {
  /** `src/ledger/price.ts:120 a > b → a >= b`: the same mutant has the same name in every run. */
  name: string;
  file: string;
}

const BOUNDARY: ReadonlyMap<string, string> = new Map([
  ["<", "<="],
  ["<=", "<"],
  [">", ">="],
  [">=", ">"],
]);
const NEGATED: ReadonlyMap<string, string> = new Map([
  ["<", ">="],
  ["<=", ">"],
  [">", "<="],
  [">=", "<"],
  ["===", "!=="],
  ["!==", "==="],
]);
const ARITHMETIC: ReadonlyMap<string, string> = new Map([
  ["+", "-"],
  ["-", "+"],
  ["*", "/"],
  ["/", "*"],
  ["%", "*"],
  ["**", "*"],
  ["+=", "-="],
  ["-=", "+="],
]);
const LOGIC: ReadonlyMap<string, string> = new Map([
  ["&&", "||"],
  ["||", "&&"],
]);
/** Methods whose call is left out, its receiver kept. */
const DROPPED: ReadonlySet<string> = new Set([
  "filter",
  "slice",
  "sort",
  "toReversed",
  "toSorted",
  "trim",
  "toUpperCase",
]);
/** Methods that another one stands in for. */
const SWAPPED: ReadonlyMap<string, string> = new Map([
  ["every", "some"],
  ["some", "every"],
  ["max", "min"],
  ["min", "max"],
  ["startsWith", "endsWith"],
]);

/** All mutants of a file, in the order of its text. `name` is its path from the root of the tree. */
export function mutantsOf(source: SourceFile, file: string): Mutant[] {
  const changes: Change[] = [];
  const visit = (node: Node): void => {
    // Types and imports have no behaviour.
    if (isTypeNode(node) || isImportDeclaration(node)) return;
    for (const mutate of [statements, conditions, binaries, unaries, calls, literalMutants, returnMutants]) {
      changes.push(...mutate(node, source));
    }
    node.forEachChild(visit);
  };
  source.forEachChild(visit);
  return changes.toSorted((a, b) => a.start - b.start || a.end - b.end).map((change) => named(change, source, file));
}

function named(change: Change, source: SourceFile, file: string): Mutant {
  const before = source.text.slice(change.start, change.end);
  const line = source.text.slice(0, change.start).split("\n").length;
  const place = change.start - source.text.lastIndexOf("\n", change.start - 1);
  const short = (text: string): string => text.replaceAll(/\s+/g, " ");
  return { ...change, file, name: `${file}:${line}:${place} ${short(before)} → ${short(change.text) || "(nothing)"}` };
}

/** Replaces a whole node. */
export function change(node: Node, source: SourceFile, operator: Operator, text: string): Change {
  return { operator, start: node.getStart(source), end: node.end, text };
}

/** Calls and assignments that stand alone, and refusals, are left out. */
function statements(node: Node, source: SourceFile): Change[] {
  if (!isExpressionStatement(node) && !isThrowStatement(node)) return [];
  // What `super` makes is needed for there to be an object at all.
  if (node.getText(source).startsWith("super(")) return [];
  return [change(node, source, "statement", isBlock(node.parent) ? "" : ";")];
}

/** Conditions that are no comparison (those are negated by their operator). */
function conditions(node: Node, source: SourceFile): Change[] {
  const condition = isIfStatement(node) || isWhileStatement(node) ? node.expression : null;
  const tested = condition ?? (isConditionalExpression(node) ? node.condition : null);
  if (tested === null || isBinaryExpression(tested)) return [];
  const text = tested.getText(source);
  return [change(tested, source, "condition", text.startsWith("!") ? text.slice(1) : `!(${text})`)];
}

function binaries(node: Node, source: SourceFile): Change[] {
  if (!isBinaryExpression(node)) return [];
  const { operatorToken } = node;
  const sign = operatorToken.getText(source);
  const changes: Change[] = [];
  for (const [operator, table] of [
    ["boundary", BOUNDARY],
    ["condition", NEGATED],
    ["arithmetic", ARITHMETIC],
    ["logic", LOGIC],
  ] as const) {
    const other = table.get(sign);
    if (other !== undefined) changes.push(change(operatorToken, source, operator, other));
  }
  if (sign === "??") {
    changes.push(change(node, source, "logic", node.left.getText(source)));
    changes.push(change(node, source, "logic", `(${node.right.getText(source)})`));
  }
  return changes;
}

/** `-x` → `x`, `!x` → `x`, where it is not a condition by itself. */
function unaries(node: Node, source: SourceFile): Change[] {
  if (!isPrefixUnaryExpression(node)) return [];
  const operand = node.operand.getText(source);
  if (node.operator === SyntaxKind.MinusToken) return [change(node, source, "arithmetic", operand)];
  const { parent } = node;
  const isTested =
    ((isIfStatement(parent) || isWhileStatement(parent)) && parent.expression === node) ||
    (isConditionalExpression(parent) && parent.condition === node);
  if (node.operator === SyntaxKind.ExclamationToken && !isTested) return [change(node, source, "condition", operand)];
  return [];
}

function calls(node: Node, source: SourceFile): Change[] {
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return [];
  const { name, expression } = node.expression;
  const method = name.getText(source);
  if (DROPPED.has(method)) return [change(node, source, "call", expression.getText(source))];
  const other = SWAPPED.get(method);
  return other === undefined ? [] : [change(name, source, "call", other)];
}

/** Whether a node is what a function gives: a returned expression, or the body of an arrow function. */
export const isGiven = (node: Node): boolean =>
  (isReturnStatement(node.parent) && node.parent.expression === node) ||
  (isArrowFunction(node.parent) && node.parent.body === node && !isBlock(node));
