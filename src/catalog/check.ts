import type { TSchema } from "@sinclair/typebox";
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import { type Environment, substitute } from "./environment.ts";
import { nearestNames } from "./nearest.ts";
import type { Path, Problems } from "./problems.ts";

/** A string whose `${ENV}` has no value: whether that is a mistake depends on where it stands. */
export interface MissingVariable {
  path: Path;
  names: string[];
}

interface Context {
  /** Anchored nodes met so far: an alias stands for the last one of its name before it (YAML 1.2, 7.1). */
  anchors: Map<string, Node>;
  env: Environment;
  problems: Problems;
  missing: MissingVariable[];
  aliases: number;
}

/** The subset of JSON Schema that schema.ts uses. */
interface Shape {
  type?: string | string[];
  format?: string;
  enum?: string[];
  pattern?: string;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  properties?: Record<string, Shape>;
  patternProperties?: Record<string, Shape>;
  required?: string[];
  items?: Shape;
  anyOf?: Shape[];
}

/** YAML aliases that a file may expand to, so that a small file can't become a huge one. */
const MAX_ALIASES = 100;
const MAX_DEPTH = 32;
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Walks a YAML document along a schema and gives the plain value, amounts as their source text, `${ENV}` replaced. Each mistake goes to
 * `problems` with its place. Marks the place of every value for later checks; so that these can run although something was wrong, a
 * malformed value that the schema demands is stood in for by an empty one.
 */
export function checkDocument(
  document: Document,
  schema: TSchema,
  env: Environment,
  problems: Problems,
): { value: unknown; missing: MissingVariable[] } {
  const context: Context = { anchors: new Map(), env, problems, missing: [], aliases: 0 };
  const value = checkNode(context, document.contents as Node | null, schema as Shape, [], 0);
  return { value, missing: context.missing };
}

const offsetOf = (node: { range?: readonly number[] | null } | null): number => node?.range?.[0] ?? 0;

function checkNode(context: Context, found: Node | null, shape: Shape, path: Path, depth: number): unknown {
  const node = follow(context, found, path, depth);
  if (node === null) return undefined;
  context.problems.mark(path, offsetOf(found));
  if (isForeign(node)) return undefined;
  const branch = chooseBranch(node, shape);
  if (branch === null) return wrongType(context, node, shape, path);
  if (isMap(node)) return checkMap(context, node, branch, path, depth);
  if (isSeq(node)) {
    const items = node.items.map((item, index) =>
      checkNode(context, item as Node, branch.items ?? {}, [...path, index], depth + 1),
    );
    if (items.length < (branch.minItems ?? 0)) context.problems.addAt(offsetOf(node), path, "must not be empty");
    // A malformed item keeps its place, so that the paths of the others stay true.
    return items.map((item) => (item === undefined ? standIn(branch.items ?? {}) : item));
  }
  return isScalar(node) ? checkScalar(context, node, branch, path) : undefined;
}

function follow(context: Context, node: Node | null, path: Path, depth: number): Node | null {
  if (depth > MAX_DEPTH) {
    context.problems.addAt(offsetOf(node), path, `nested deeper than ${MAX_DEPTH} levels`);
    return null;
  }
  if (!isAlias(node)) {
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined && node !== null) context.anchors.set(anchor, node);
    return node;
  }
  context.aliases += 1;
  if (context.aliases === MAX_ALIASES + 1) {
    context.problems.addAt(offsetOf(node), path, `more than ${MAX_ALIASES} YAML aliases; write the values out`);
  }
  if (context.aliases > MAX_ALIASES) return null;
  return context.anchors.get(node.source) ?? null;
}

/** A tag outside YAML's core, which the parser has reported already. */
function isForeign(node: Node): boolean {
  const tag = (node as { tag?: string }).tag;
  return tag !== undefined && !tag.startsWith("tag:yaml.org,2002:");
}

/** The part of a union that the node can be; null when none fits its kind. */
function chooseBranch(node: Node, shape: Shape): Shape | null {
  if (shape.anyOf !== undefined) return shape.anyOf.find((item) => fitsKind(node, item)) ?? null;
  return fitsKind(node, shape) ? shape : null;
}

function fitsKind(node: Node, shape: Shape): boolean {
  if (shape.type === undefined) return true;
  const types = Array.isArray(shape.type) ? shape.type : [shape.type];
  if (isMap(node)) return types.includes("object");
  if (isSeq(node)) return types.includes("array");
  const value = isScalar(node) ? node.value : null;
  if (typeof value === "boolean") return types.includes("boolean");
  if (typeof value === "number" || typeof value === "bigint") {
    return types.includes("number") || types.includes("integer");
  }
  return typeof value === "string" && types.includes("string");
}

const TYPE_NAMES: Record<string, string> = {
  object: "a mapping (key: value)",
  array: "a list",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
};

function wrongType(context: Context, node: Node, shape: Shape, path: Path): undefined {
  const shapes = shape.anyOf ?? [shape];
  const types = shapes.flatMap((item) => item.type ?? []).map((name) => TYPE_NAMES[name] ?? name);
  const got = isMap(node) ? "a mapping" : isSeq(node) ? "a list" : describeScalar(node as Scalar);
  const hint = types.includes("text") && isScalar(node) && typeof node.value !== "string" ? "; put it in quotes" : "";
  context.problems.addAt(offsetOf(node), path, `must be ${[...new Set(types)].join(" or ")}, not ${got}${hint}`);
  return undefined;
}

function describeScalar(node: Scalar): string {
  if (node.value === null) return "empty";
  if (typeof node.value === "string") return `the text ${JSON.stringify(node.value.slice(0, 60))}`;
  return typeof node.value === "boolean" ? String(node.value) : "a number";
}

function checkMap(context: Context, node: YAMLMap, shape: Shape, path: Path, depth: number): unknown {
  const result: [string, unknown][] = [];
  const anyKey = Object.values(shape.patternProperties ?? {})[0];
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    const key = isScalar(pair.key) ? keyText(pair.key) : null;
    const at = offsetOf(pair.key);
    if (key === null || FORBIDDEN_KEYS.has(key)) {
      const what =
        key === null ? "a key must be plain text" : `the key ${JSON.stringify(key)} is not allowed; rename it`;
      context.problems.addAt(at, [...path, key ?? "?"], what);
      continue;
    }
    const known = shape.properties !== undefined && Object.hasOwn(shape.properties, key);
    const inner = known ? shape.properties?.[key] : anyKey;
    if (inner === undefined) {
      context.problems.addAt(at, [...path, key], unknownKey(key, Object.keys(shape.properties ?? {})));
      continue;
    }
    if (isEmpty(pair.value) && !(shape.required ?? []).includes(key) && known) continue;
    if (pair.value === null) context.problems.addAt(at, [...path, key], "has no value");
    const value = checkNode(context, pair.value, inner, [...path, key], depth + 1);
    if (value !== undefined) result.push([key, value]);
  }
  for (const name of shape.required ?? []) {
    if (!node.has(name)) {
      context.problems.addAt(offsetOf(node), [...path, name], `${JSON.stringify(name)} is missing; add it`);
    }
    if (!result.some(([key]) => key === name)) result.push([name, standIn(shape.properties?.[name] ?? {})]);
  }
  return Object.fromEntries(result);
}

function standIn(shape: Shape): unknown {
  const first = shape.anyOf?.[0] ?? shape;
  if (first.enum !== undefined) return first.enum[0];
  if (first.type === "object") {
    return Object.fromEntries((first.required ?? []).map((name) => [name, standIn(first.properties?.[name] ?? {})]));
  }
  if (first.type === "array") return [];
  return first.format === "amount" ? "0" : "";
}

const keyText = (key: Scalar): string =>
  typeof key.value === "string" ? key.value : (key.source ?? String(key.value));

/** `key:` with nothing behind it, or `null`: the same as leaving the key out. */
const isEmpty = (node: Node | null): boolean => node === null || (isScalar(node) && node.value === null);

function unknownKey(key: string, known: readonly string[]): string {
  const [nearest] = nearestNames(key, known, 1);
  const shown = JSON.stringify(key.slice(0, 60));
  if (nearest !== undefined) return `unknown key ${shown}; did you mean ${JSON.stringify(nearest)}?`;
  return `unknown key ${shown}; known here: ${known.join(", ")}`;
}

function checkScalar(context: Context, node: Scalar, shape: Shape, path: Path): unknown {
  const say = (message: string): undefined => context.problems.addAt(offsetOf(node), path, message) as undefined;
  if (shape.format === "amount") return checkAmount(context, node, shape, path);
  if (typeof node.value === "number") {
    const types = Array.isArray(shape.type) ? shape.type : [shape.type];
    if (!Number.isFinite(node.value)) return say(`must be a number, not ${node.source}`);
    if (types.includes("integer") && !Number.isSafeInteger(node.value))
      return say(`must be a whole number, not ${node.source}`);
    if (node.value < (shape.minimum ?? -Infinity)) return say(`must be at least ${shape.minimum}, not ${node.source}`);
    if (node.value > (shape.maximum ?? Infinity)) return say(`must be at most ${shape.maximum}, not ${node.source}`);
    return node.value;
  }
  if (typeof node.value !== "string") return node.value;
  const { text, missing } = substitute(node.value, context.env);
  if (missing.length > 0) {
    context.missing.push({ path, names: missing });
    return "";
  }
  if (shape.enum !== undefined && !shape.enum.includes(text)) {
    const [nearest] = nearestNames(text, shape.enum, 1);
    const fix =
      nearest === undefined ? `use one of ${shape.enum.join(", ")}` : `did you mean ${JSON.stringify(nearest)}?`;
    return say(`${JSON.stringify(text.slice(0, 60))} is not known here; ${fix}`);
  }
  if (text.length < (shape.minLength ?? 0)) return say("must not be empty");
  if (shape.pattern !== undefined && !new RegExp(shape.pattern, "u").test(text)) {
    return say(`${JSON.stringify(text.slice(0, 60))} does not fit ${shape.pattern}`);
  }
  return text;
}

const DECIMAL = /^[0-9]{1,15}(?:\.[0-9]{1,18})?$/;

/** An amount from its source text: `0.075` stays `0.075`, whatever a binary float would make of it. */
function checkAmount(context: Context, node: Scalar, shape: Shape, path: Path): string | undefined {
  const say = (message: string): undefined => context.problems.addAt(offsetOf(node), path, message) as undefined;
  const written = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  const { text, missing } = substitute(written.trim(), context.env);
  if (missing.length > 0) return say(`the variable ${missing.join(", ")} is not set; set it or write \${NAME:-1.25}`);
  if (text.startsWith("-")) return say(`must not be negative: ${written}`);
  if (!DECIMAL.test(text))
    return say(`must be a plain decimal such as 1.25, not ${JSON.stringify(written.slice(0, 40))}`);
  if (shape.maximum !== undefined && Number(text) > shape.maximum) {
    return say(`${written} is beyond the largest amount allowed here, ${shape.maximum}; check the unit`);
  }
  return text;
}
