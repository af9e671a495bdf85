import { isObject, type JsonObject, type JsonValue } from "../../../../src/lib/json.ts";

/** Collects what is wrong with a request. */
export class Check {
  readonly found: string[] = [];
  fail(text: string): void {
    this.found.push(text);
  }
  /** Says so when `ok` is false. */
  that(ok: boolean, text: string): void {
    if (!ok) this.found.push(text);
  }
  /** No field but these. */
  only(value: JsonObject, allowed: readonly string[], where: string): void {
    for (const name of Object.keys(value)) this.that(allowed.includes(name), `${where}: unknown field ${name}`);
  }
}

export const list = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter((item) => isObject(item)) : [];
export const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
export const isJson = (value: string): boolean => {
  try {
    JSON.parse(value);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};
/** base64 in the standard alphabet. */
export const isBase64 = (value: string): boolean => value !== "" && /^[A-Za-z0-9+/]+={0,2}$/.test(value);
export { isObject, type JsonObject, type JsonValue };
