import { type JsonObject, rawNumber } from "../../lib/json.ts";
import { appendFields } from "../../wire/splice.ts";
import type { Annotation } from "../dialect.ts";

/** Cost and extension block, as fields of an answer; {} when the answer is not annotated. */
export function annotationObject({ costCents, extension, extensionName }: Annotation): JsonObject {
  return {
    ...(costCents === null ? {} : { cost_cents: rawNumber(costCents) }),
    ...(extension === null ? {} : { [extensionName]: extension }),
  };
}

/** The same fields as JSON source text, without braces; "" when the answer is not annotated. */
export function annotationText({ costCents, extension, extensionName }: Annotation): string {
  const fields: string[] = [];
  if (costCents !== null) fields.push(`"cost_cents":${costCents}`);
  if (extension !== null) fields.push(`${JSON.stringify(extensionName)}:${JSON.stringify(extension)}`);
  return fields.join(",");
}

/** A relayed JSON answer's bytes with the annotation as its last fields; the same bytes when there is none. */
export function annotateBody(bytes: Uint8Array, annotation: Annotation): Uint8Array {
  return appendFields(bytes, annotationText(annotation));
}
