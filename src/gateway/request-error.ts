import { GatewayError, invalidRequest } from "../ir/error.ts";
import { JsonScanError } from "../wire/json-error.ts";
import { BodyError } from "../wire/read-body.ts";

/** What reading a request may throw, as the error that its client sees; null for anything else. */
export function requestError(thrown: unknown): GatewayError | null {
  if (thrown instanceof GatewayError) return thrown;
  if (thrown instanceof JsonScanError) return invalidRequest(thrown.path === "" ? null : thrown.path, thrown.message);
  if (!(thrown instanceof BodyError)) return null;
  switch (thrown.kind) {
    case "too-large":
      return new GatewayError({ status: 413, code: "request_too_large", message: thrown.message });
    case "unsupported-encoding":
      return new GatewayError({ status: 415, code: "unsupported_media_type", message: thrown.message });
    case "timeout":
      // What may still come of the body is not waited for.
      return new GatewayError({
        status: 400,
        code: "invalid_request",
        message: thrown.message,
        headers: { connection: "close" },
      });
    default:
      return invalidRequest(null, thrown.message);
  }
}
