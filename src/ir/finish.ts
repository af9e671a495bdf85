import type { JsonValue } from "../lib/json.ts";

export type FinishKind =
  | "stop"
  | "length"
  | "context"
  | "tool"
  | "pause"
  | "refusal"
  | "filter"
  | "malformed-tool"
  | "error";

/** Why a choice ended. `raw` is the provider's own word; `details` keeps what belongs to it (stop sequence, safety ratings, incomplete_details). */
export interface Finish {
  kind: FinishKind;
  raw: string | null;
  details?: {
    stopSequence?: string;
    message?: string;
    native?: JsonValue;
  };
}
