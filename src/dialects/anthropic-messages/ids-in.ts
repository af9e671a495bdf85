import type { ProviderId } from "../dialect.ts";
import type { IrEvent } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { idsOf } from "../shared/ids-in.ts";

/** The result of running code that a block of this type wraps (Anthropic code execution tool, files API). */
const CODE_RESULTS: ReadonlySet<string> = new Set(["code_execution_tool_result", "bash_code_execution_tool_result"]);

/** The container that the answer ran in, and the files that code made there. */
export function idsIn(event: IrEvent): ProviderId[] {
  switch (event.type) {
    case "server-tool-result":
      return isObject(event.native.value) ? filesOf(event.native.value) : [];
    case "provider-state":
      return containerOf(event.native.value);
    default:
      return [];
  }
}

function filesOf(block: JsonObject): ProviderId[] {
  const result = block.content;
  if (!CODE_RESULTS.has(String(block.type)) || !isObject(result) || !Array.isArray(result.content)) return [];
  return idsOf("file", ...result.content.filter(isObject).map((output) => output.file_id));
}

function containerOf(value: JsonValue | undefined): ProviderId[] {
  const container = isObject(value) ? value.container : undefined;
  return isObject(container) ? idsOf("container", container.id) : [];
}
