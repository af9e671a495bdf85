import type { CacheMark } from "../../ir/request.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { isAbsent, readObject, readWord } from "./fields.ts";

/** `cache_control` → mark; five minutes when no ttl is given (Anthropic prompt caching). Throws 400 on anything but `ephemeral`. */
export function decodeCacheMark(value: JsonValue | undefined, path: string): CacheMark | null {
  if (isAbsent(value)) return null;
  const control = readObject(value, path);
  readWord(control.type, `${path}.type`, ["ephemeral"]);
  return { ttl: isAbsent(control.ttl) ? "5m" : readWord(control.ttl, `${path}.ttl`, ["5m", "1h"]) };
}

/** `{cache}` or nothing, to be spread into a part, tool or request. */
export function cacheOf(value: JsonObject, path: string): { cache?: CacheMark } {
  const mark = decodeCacheMark(value.cache_control, `${path}.cache_control`);
  return mark === null ? {} : { cache: mark };
}
