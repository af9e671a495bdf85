import type { KeyRecord } from "../../gates/types.ts";
import type { JsonObject } from "../../lib/json.ts";
import { formatNano } from "../../lib/money.ts";

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** A key as its owner sees it. The plaintext is no part of it: it exists only in the answer that makes it. */
export function keyView(key: KeyRecord): JsonObject {
  return {
    id: key.id,
    object: "api_key",
    account_id: key.accountId,
    name: key.name,
    kind: key.kind,
    display: key.display,
    models: [...key.models],
    monthly_cap: key.monthlyCap === null ? null : formatNano(key.monthlyCap),
    limits:
      key.limits === null
        ? null
        : {
            requests_per_minute: key.limits.requestsPerMinute ?? null,
            messages_per_day: key.limits.messagesPerDay ?? null,
          },
    strict: key.strict,
    created_at: new Date(key.createdAt).toISOString(),
    expires_at: isoOrNull(key.expiresAt),
    revoked_at: isoOrNull(key.revokedAt),
    last_used_at: isoOrNull(key.lastUsedAt),
  };
}
