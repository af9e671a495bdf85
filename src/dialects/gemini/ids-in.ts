import type { ProviderId } from "../dialect.ts";
import type { IrEvent } from "../../ir/events.ts";
import { isObject } from "../../lib/json.ts";
import { idsOf } from "../shared/ids-in.ts";
import { isProviderFile } from "./media.ts";
import { protoField, textOf } from "./proto.ts";

/** Files that an answer's parts point to (`fileData`); caches are made by calls of their own and named in no answer. */
export function idsIn(event: IrEvent): ProviderId[] {
  if (event.type !== "native-part" || !isObject(event.native.value)) return [];
  const file = protoField(event.native.value, "fileData");
  const uri = isObject(file) ? textOf(protoField(file, "fileUri")) : undefined;
  return uri !== undefined && isProviderFile(uri) ? idsOf("file", uri) : [];
}
