/** JSON as typed values. `JsonObject` is what a parsed wire body is before its meaning has been checked. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/** An object, and neither null nor an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSC gives the source text of a number to revivers and lets `rawJSON` print it back (TC39 JSON.parse source text access). */
interface LosslessJson {
  rawJSON(text: string): number;
  isRawJSON(value: unknown): boolean;
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
}
const losslessJson = JSON as unknown as LosslessJson;

/** JSON.parse whose reviver is also given the source text of primitives. Throws SyntaxError on malformed text. */
export function parseWithSource(
  text: string,
  revive: (value: unknown, source: string | undefined) => unknown,
): unknown {
  return losslessJson.parse(text, (_key, value, { source }) => revive(value, source));
}

const LONG_NUMBER = /[0-9]{16}|[0-9]\.[0-9]{15}/;

/**
 * JSON.parse that keeps numbers which a double can't hold: those become raw JSON values that JSON.stringify prints as they
 * were written. They are objects at run time, so code that does arithmetic must check with `typeof`.
 * Throws SyntaxError on malformed text, and on text that is nested some thousand deep.
 */
export function parseJson(text: string): JsonValue {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as JsonValue;
  try {
    return losslessJson.parse(text, (_key, value, context) => {
      if (typeof value !== "number" || context.source === undefined) return value;
      return String(value) === context.source || (Number.isSafeInteger(value) && /^-?[0-9]+$/.test(context.source))
        ? value
        : losslessJson.rawJSON(context.source);
    }) as JsonValue;
  } catch (error) {
    // Revivers are called from the depth of the value: some thousand brackets of a provider would use up the stack.
    if (error instanceof RangeError) throw new SyntaxError("JSON is nested too deeply", { cause: error });
    throw error;
  }
}

/** The value of a text as parseJson reads it; undefined when it is no JSON. */
export function tryJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether the text is one whole JSON value. */
export const isJson = (text: string): boolean => tryJson(text) !== undefined;

/**
 * A JSON number printed exactly as `text` (a plain decimal): amounts never get an exponent or lose a digit. A number where one prints as this
 * text, else an opaque object that JSON.stringify prints so, several times as slowly.
 */
export function rawNumber(text: string): JsonValue {
  const number = Number(text);
  return String(number) === text ? number : losslessJson.rawJSON(text);
}

/** Whether a value is such an opaque object, which stands for a number and is no object to look into. */
export const isRawNumber = (value: JsonValue): boolean => losslessJson.isRawJSON(value);
