import type { ValidationError } from "elysia";
import { type GatewayError, invalidRequest } from "../ir/error.ts";

/** What TypeBox tells of a mistake, as far as it is used here. */
interface Mistake {
  path: string;
  message: string;
  schema: { anyOf?: readonly { const?: unknown; type?: string }[]; properties?: Record<string, unknown> };
  /** Of a union: what each of its alternatives has against the value. */
  errors: readonly Iterable<Mistake>[];
}

/** A 400 that names the field and what it may be; never the validator's own text, which quotes the whole body. */
export function invalidBody(error: ValidationError): GatewayError {
  const [first] = error.all;
  if (first === undefined || !isMistake(first)) return invalidRequest(null, "The body is not valid.");
  const mistake = innermost(first);
  const param = mistake.path.replace(/^\//, "").replaceAll("/", ".");
  const text = expectation(mistake);
  return invalidRequest(param === "" ? null : param, param === "" ? text : `${param}: ${text}`);
}

const isMistake = (value: object): value is Mistake => "path" in value && "message" in value && "errors" in value;

/** Of a union the alternative that went further than the value as a whole: its form was meant, and something inside of it is wrong. */
function innermost(mistake: Mistake): Mistake {
  for (const alternative of mistake.errors) {
    for (const inner of alternative) if (inner.path.length > mistake.path.length) return innermost(inner);
  }
  return mistake;
}

function expectation({ message, schema }: Mistake): string {
  if (message === "Expected required property") return "the field is required";
  if (message === "Unexpected property") {
    return `unknown field; known are ${Object.keys(schema.properties ?? {}).join(", ")}`;
  }
  const choices = schema.anyOf?.map((item) => (item.const === undefined ? (item.type ?? "") : String(item.const)));
  if (choices === undefined || choices.includes("")) return message.charAt(0).toLowerCase() + message.slice(1);
  return `expected ${choices.length === 2 ? choices.join(" or ") : `one of ${choices.join(", ")}`}`;
}
