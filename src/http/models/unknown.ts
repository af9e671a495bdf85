import { resolve } from "../../catalog/resolve.ts";
import type { Catalog } from "../../catalog/types.ts";
import { GatewayError } from "../../ir/error.ts";

/** 404 that names the nearest models. */
export function unknownModel(catalog: Catalog, name: string): GatewayError {
  const resolution = resolve(catalog, name);
  const nearest = resolution.kind === "unknown" ? resolution.nearest : [];
  const hint = nearest.length === 0 ? "" : ` Did you mean ${nearest.join(", ")}?`;
  return new GatewayError({
    status: 404,
    code: "not_found",
    message: `The model ${JSON.stringify(name.slice(0, 200))} is not known here.${hint}`,
    param: "model",
    details: { nearest },
  });
}
