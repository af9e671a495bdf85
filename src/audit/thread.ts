import type { JsonObject } from "../lib/json.ts";

/** The thread name under which records are known to instances that mirror them, where the catalog names none. */
export const AUDIT_THREAD = "th_audit_api_usage";

/** A record as a mirroring instance knows it: the same fields at the top and in `body`. */
export const threadRecord = (record: JsonObject, thread: string): JsonObject => ({ ...record, thread, body: record });
