import type { Annotation } from "../dialect.ts";
import { type JsonObject, rawNumber } from "../../lib/json.ts";

/** What the settlement adds to an answer, as fields of its last object; none when the answer is not annotated. */
export function annotationObject(annotation: Annotation): JsonObject {
  const { costCents, extension, extensionName } = annotation;
  return {
    ...(costCents === null ? {} : { cost_cents: rawNumber(costCents) }),
    ...(extension === null ? {} : { [extensionName]: extension }),
  };
}
