import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { textOf } from "./proto.ts";

/** Deepest path, and most array elements that one value may skip: a provider's stream can't make the arguments grow without bound. */
const MAX_STEPS = 64;
const MAX_GAP = 64;

/**
 * Puts a function call's arguments together from `partialArgs`: each names a place by JSONPath (`$.items[0].name`) and gives a value or a
 * piece of a string that may continue (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling, streaming).
 */
export class PartialArguments {
  readonly #root: JsonObject = {};

  /** Takes over whole arguments, where a provider sends them so in the end. */
  assign(args: JsonObject): void {
    for (const [name, value] of Object.entries(args)) define(this.#root, name, value);
  }

  add(partial: JsonValue | undefined): void {
    for (const item of objectsOf(partial)) {
      const steps = stepsOf(textOf(item.jsonPath) ?? "");
      const value = valueOf(item);
      if (steps !== null && value !== undefined) put(this.#root, steps, value);
    }
  }

  /** The arguments as JSON text. */
  text(): string {
    return JSON.stringify(this.#root);
  }
}

function valueOf(item: JsonObject): JsonValue | undefined {
  if ("nullValue" in item || "null_value" in item) return null;
  return item.stringValue ?? item.numberValue ?? item.boolValue;
}

/** `$.a[0]['b c']` → ["a", 0, "b c"]; null when it isn't such a path. */
function stepsOf(path: string): (string | number)[] | null {
  if (!path.startsWith("$")) return null;
  const steps: (string | number)[] = [];
  const pattern = /\.([^.[\]]+)|\[([0-9]{1,6})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;
  pattern.lastIndex = 1;
  while (pattern.lastIndex < path.length) {
    const match = pattern.exec(path);
    if (match === null || steps.length === MAX_STEPS) return null;
    const quoted = match[3] ?? match[4];
    const step =
      quoted === undefined ? (match[2] === undefined ? (match[1] ?? "") : Number(match[2])) : unescape(quoted);
    steps.push(step);
  }
  return steps.length === 0 ? null : steps;
}

const unescape = (text: string): string => text.replace(/\\(.)/gs, "$1");

function put(root: JsonObject, steps: readonly (string | number)[], value: JsonValue): void {
  let holder: JsonObject | JsonValue[] = root;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const present = read(holder, step);
    const next: JsonObject | JsonValue[] =
      isObject(present) || Array.isArray(present) ? present : typeof steps[index + 1] === "number" ? [] : {};
    if (next !== present) write(holder, step, next);
    holder = next;
  }
  const last = steps.at(-1) ?? "";
  const before = read(holder, last);
  write(holder, last, typeof before === "string" && typeof value === "string" ? before + value : value);
}

function read(holder: JsonObject | JsonValue[], step: string | number): JsonValue | undefined {
  if (Array.isArray(holder)) return typeof step === "number" ? holder[step] : undefined;
  return Object.hasOwn(holder, String(step)) ? holder[String(step)] : undefined;
}

function write(holder: JsonObject | JsonValue[], step: string | number, value: JsonValue): void {
  if (!Array.isArray(holder)) define(holder, String(step), value);
  else if (typeof step === "number" && step <= holder.length + MAX_GAP) {
    while (holder.length < step) holder.push(null);
    holder[step] = value;
  }
}

/** As assignment, but safe for any name: `__proto__` becomes a property like others. */
function define(object: JsonObject, name: string, value: JsonValue | undefined): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
