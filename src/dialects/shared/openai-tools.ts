import type { DialectId } from "../../ir/dialect-id.ts";
import type { Tool } from "../../ir/request.ts";
import type { JsonObject } from "../../lib/json.ts";
import { extrasOf, optionalBoolean, optionalObject, optionalString, optionalWord, readName } from "./fields.ts";

/** Declarations of tools as both of OpenAI's dialects write them; chat puts them into an object of their own. */
export interface Declaration {
  fields: JsonObject;
  /** Path of the fields. */
  at: string;
  /** Path of the tool. */
  path: string;
  /** The fields that have a meaning here; others are kept as extras. */
  known: ReadonlySet<string>;
}

/** A function. Throws 400 naming the field. */
export function decodeFunctionTool({ fields, at, path, known }: Declaration): Tool {
  const description = optionalString(fields["description"], `${at}.description`);
  const schema = optionalObject(fields["parameters"], `${at}.parameters`);
  const strict = optionalBoolean(fields["strict"], `${at}.strict`);
  return {
    kind: "function",
    name: readName(fields["name"], `${at}.name`),
    ...(description === undefined ? {} : { description }),
    ...(schema === undefined ? {} : { schema }),
    ...(strict === undefined ? {} : { strict }),
    ...extrasOf(fields, known),
    path,
  };
}

/** A free-form tool. `checkFormat` refuses what its dialect does not take as `format`. Throws 400 naming the field. */
export function decodeCustomTool(
  { fields, at, path, known }: Declaration,
  origin: DialectId,
  checkFormat: (format: JsonObject, at: string) => void,
): Tool {
  const description = optionalString(fields["description"], `${at}.description`);
  const format = optionalObject(fields["format"], `${at}.format`);
  if (format !== undefined) checkFormat(format, `${at}.format`);
  return {
    kind: "custom",
    name: readName(fields["name"], `${at}.name`),
    ...(description === undefined ? {} : { description }),
    ...(format === undefined ? {} : { native: { origin, value: format } }),
    ...extrasOf(fields, known),
    path,
  };
}

/** `{syntax, definition}` of a grammar. Throws 400 naming the field. */
export function checkGrammar(grammar: JsonObject, at: string): void {
  optionalWord(grammar["syntax"], `${at}.syntax`, ["lark", "regex"]);
  readName(grammar["definition"], `${at}.definition`);
}
