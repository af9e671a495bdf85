import type { ProviderId } from "../dialect.ts";
import type { IrEvent } from "../../ir/events.ts";
import { isObject } from "../../lib/json.ts";
import { idsOf } from "../shared/ids-in.ts";

/** Spoken answers: OpenAI keeps them for a while, and `messages[].audio.id` refers to them (API reference, audio responses). */
export function idsIn(event: IrEvent): ProviderId[] {
  if (event.type !== "media-start" || !isObject(event.native)) return [];
  return idsOf("audio", event.native["id"]);
}
