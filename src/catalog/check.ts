import type { TSchema } from "@sinclair/typebox";
import { type Environment, substitute } from "./environment.ts";
import { nearestNames } from "./nearest.ts";
import type { Path, Problems } from "./problems.ts";
import type { SourceEntry, SourceNode } from "./source.ts";

/** A string whose `${ENV}` has no value: whether that is a mistake depends on where it stands. */
export interface MissingVariable {
  path: Path;
  names: string[];
}

interface Context {
  env: Environment;
  problems: Problems;
  missing: MissingVariable[];
}

type MapNode = Extract<SourceNode, { kind: "map" }>;
type ScalarNode = Extract<SourceNode, { kind: "scalar" }>;

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

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Walks a catalog's tree along a schema and gives the plain value, amounts as their source text, `${ENV}` replaced. Each mistake goes to
 * `problems` with its place. Marks the place of every value for later checks; so that these can run although something was wrong, a
 * malformed value that the schema demands is stood in for by an empty one.
 */
export function checkTree(
  tree: SourceNode,
  schema: TSchema,
  env: Environment,
  problems: Problems,
): { value: unknown; missing: MissingVariable[] } {
  const context: Context = { env, problems, missing: [] };
  const value = checkNode(context, tree, schema as Shape, []);
  return { value, missing: context.missing };
}

function checkNode(context: Context, node: SourceNode, shape: Shape, path: Path): unknown {
  context.problems.mark(path, node.at);
  const branch = chooseBranch(node, shape);
  if (branch === null) return wrongType(context, node, shape, path);
  if (node.kind === "map") return checkMap(context, node, branch, path);
  if (node.kind === "scalar") return checkScalar(context, node, branch, path);
  const items = node.items.map((item, index) => checkNode(context, item, branch.items ?? {}, [...path, index]));
  if (items.length < (branch.minItems ?? 0)) context.problems.addAt(node.at, path, "must not be empty");
  // A malformed item keeps its place, so that the paths of the others stay true.
  return items.map((item) => (item === undefined ? standIn(branch.items ?? {}) : item));
}

/** The part of a union that the node can be; null when none fits its kind. */
function chooseBranch(node: SourceNode, shape: Shape): Shape | null {
  if (shape.anyOf !== undefined) return shape.anyOf.find((item) => fitsKind(node, item)) ?? null;
  return fitsKind(node, shape) ? shape : null;
}

function fitsKind(node: SourceNode, shape: Shape): boolean {
  if (shape.type === undefined) return true;
  const types = Array.isArray(shape.type) ? shape.type : [shape.type];
  if (node.kind === "map") return types.includes("object");
  if (node.kind === "list") return types.includes("array");
  if (typeof node.value === "boolean") return types.includes("boolean");
  if (typeof node.value === "number") return types.includes("number") || types.includes("integer");
  return typeof node.value === "string" && types.includes("string");
}

const TYPE_NAMES: Record<string, string> = {
  object: "a mapping (key: value)",
  array: "a list",
  string: "text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
};

function wrongType(context: Context, node: SourceNode, shape: Shape, path: Path): undefined {
  const shapes = shape.anyOf ?? [shape];
  const types = shapes.flatMap((item) => item.type ?? []).map((name) => TYPE_NAMES[name] ?? name);
  const isText = node.kind === "scalar" && (typeof node.value === "number" || typeof node.value === "boolean");
  const hint = types.includes("text") && isText ? "; put it in quotes" : "";
  const wanted = [...new Set(types)].join(" or ");
  context.problems.addAt(node.at, path, `must be ${wanted}, not ${describe(node)}${hint}`);
  return undefined;
}

/** What stands there. Numbers are not shown: one could be a secret in the wrong place. */
function describe(node: SourceNode): string {
  if (node.kind !== "scalar") return node.kind === "map" ? "a mapping" : "a list";
  if (node.value === null) return "empty";
  if (typeof node.value === "string") return `the text ${JSON.stringify(node.value.slice(0, 60))}`;
  return typeof node.value === "boolean" ? String(node.value) : "a number";
}

function checkMap(context: Context, node: MapNode, shape: Shape, path: Path): unknown {
  const result: [string, unknown][] = [];
  for (const entry of node.entries) {
    const checked = checkEntry(context, entry, shape, path);
    if (checked !== undefined && entry.key !== null) result.push([entry.key, checked]);
  }
  for (const name of shape.required ?? []) {
    if (!node.entries.some((entry) => entry.key === name)) {
      context.problems.addAt(node.at, [...path, name], `${JSON.stringify(name)} is missing; add it`);
    }
    if (!result.some(([key]) => key === name)) result.push([name, standIn(shape.properties?.[name] ?? {})]);
  }
  return Object.fromEntries(result);
}

function checkEntry(context: Context, entry: SourceEntry, shape: Shape, path: Path): unknown {
  const { key, keyAt, value } = entry;
  const say = (message: string): undefined =>
    context.problems.addAt(keyAt, [...path, key ?? "?"], message) as undefined;
  if (key === null) return say("a key must be plain text");
  if (FORBIDDEN_KEYS.has(key)) return say(`the key ${JSON.stringify(key)} is not allowed; rename it`);
  const known = shape.properties !== undefined && Object.hasOwn(shape.properties, key);
  const inner = known ? shape.properties?.[key] : Object.values(shape.patternProperties ?? {})[0];
  if (inner === undefined) return say(unknownKey(key, Object.keys(shape.properties ?? {})));
  // `key:` with nothing behind it is the same as leaving the key out.
  const isEmpty = value.kind === "scalar" && value.value === null;
  if (isEmpty && known && !(shape.required ?? []).includes(key)) return undefined;
  return checkNode(context, value, inner, [...path, key]);
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

function unknownKey(key: string, known: readonly string[]): string {
  const [nearest] = nearestNames(key, known, 1);
  const shown = JSON.stringify(key.slice(0, 60));
  if (nearest !== undefined) return `unknown key ${shown}; did you mean ${JSON.stringify(nearest)}?`;
  return `unknown key ${shown}; known here: ${known.join(", ")}`;
}

function checkScalar(context: Context, node: ScalarNode, shape: Shape, path: Path): unknown {
  const say = (message: string): undefined => context.problems.addAt(node.at, path, message) as undefined;
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
  if (shape.pattern !== undefined && !patternOf(shape.pattern).test(text)) {
    return say(`${JSON.stringify(text.slice(0, 60))} does not fit ${shape.pattern}`);
  }
  return text;
}

const patterns = new Map<string, RegExp>();

function patternOf(source: string): RegExp {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = new RegExp(source, "u");
    patterns.set(source, pattern);
  }
  return pattern;
}

const DECIMAL = /^[0-9]{1,15}(?:\.[0-9]{1,18})?$/;

/** An amount from its source text: `0.075` stays `0.075`, whatever a binary float would make of it. */
function checkAmount(context: Context, node: ScalarNode, shape: Shape, path: Path): string | undefined {
  const say = (message: string): undefined => context.problems.addAt(node.at, path, message) as undefined;
  const written = typeof node.value === "string" ? node.value : node.source;
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
