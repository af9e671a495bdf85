import type { ProviderId } from "../dialect.ts";
import type { IrEvent } from "../../ir/events.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { idsOf } from "../shared/ids-in.ts";

/** Annotations that name a file at OpenAI (API reference, output text annotations). */
const FILE_ANNOTATIONS: ReadonlySet<string> = new Set(["file_citation", "container_file_citation", "file_path"]);

/**
 * Containers and files of hosted tools, and the conversation that the response was added to. Response ids are none: the gateway has the
 * provider store nothing (`store: false`), and keeps responses itself.
 */
export function idsIn(event: IrEvent): ProviderId[] {
  switch (event.type) {
    case "server-tool-result":
    case "native-part":
      return isObject(event.native.value) ? idsOfItem(event.native.value) : [];
    case "provider-state":
      return isObject(event.native.value)
        ? [...idsOfItem(event.native.value), ...idsOfResponse(event.native.value)]
        : [];
    case "citation":
      return idsOfAnnotation(event.citation.native?.value);
    default:
      return [];
  }
}

/** Other items, those of MCP servers above all, hold what somebody else has written. */
function idsOfItem(item: JsonObject): ProviderId[] {
  switch (item["type"]) {
    case "code_interpreter_call":
      return idsOf("container", item["container_id"]);
    case "shell_call": {
      const environment = item["environment"];
      return isObject(environment) ? idsOf("container", environment["container_id"]) : [];
    }
    case "file_search_call": {
      const results = Array.isArray(item["results"]) ? item["results"].filter(isObject) : [];
      return idsOf("file", ...results.map((result) => result["file_id"]));
    }
    default:
      return [];
  }
}

function idsOfAnnotation(value: JsonValue | undefined): ProviderId[] {
  if (!isObject(value) || !FILE_ANNOTATIONS.has(String(value["type"]))) return [];
  return [...idsOf("file", value["file_id"]), ...idsOf("container", value["container_id"])];
}

function idsOfResponse({ conversation }: JsonObject): ProviderId[] {
  return isObject(conversation) ? idsOf("conversation", conversation["id"]) : [];
}
