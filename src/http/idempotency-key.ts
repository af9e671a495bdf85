import { t } from "elysia";
import { invalidRequest } from "../ir/error.ts";

const LONGEST = 255;

/** The field of a body. */
export const idempotencyKeySchema = t.Optional(t.String({ minLength: 1, maxLength: LONGEST }));

/**
 * The idempotency key of a request that books something: that of the body, else that of the `Idempotency-Key` header; null when it has none. Throws
 * GatewayError 400 for a header that names nothing, or is too long: two such requests would pass for one.
 */
export function idempotencyKeyOf(request: Request, given: string | undefined): string | null {
  const key = given ?? request.headers.get("idempotency-key");
  if (key === null || (key.trim() !== "" && key.length <= LONGEST)) return key;
  throw invalidRequest("idempotency_key", `An idempotency key has 1 to ${LONGEST} characters.`);
}
