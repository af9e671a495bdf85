import { words } from "../../lib/words.ts";
import { camelName } from "./proto.ts";

/** Hosted tools by the field of the wire's Tool message, and the name that they go by in the representation, in fees and in price fields. */
const HOSTED_TOOLS: Readonly<Record<string, string>> = words({
  googleSearch: "web_search",
  googleSearchRetrieval: "web_search",
  enterpriseWebSearch: "web_search",
  parallelAiSearch: "web_search",
  exaAiSearch: "web_search",
  googleMaps: "google_maps",
  codeExecution: "code_execution",
  urlContext: "url_context",
  computerUse: "computer_use",
  fileSearch: "file_search",
  retrieval: "retrieval",
  mcpServers: "mcp",
});

/** Common name of a hosted tool; null when the field isn't a tool that is known. */
export function hostedToolName(field: string): string | null {
  return HOSTED_TOOLS[camelName(field)] ?? null;
}

/** Tool names of `toolCall` and `toolResponse` parts, whose wire form is an enum. */
const TOOL_TYPES: Readonly<Record<string, string>> = words({
  GOOGLE_SEARCH_WEB: "web_search",
  GOOGLE_SEARCH_IMAGE: "image_search",
  URL_CONTEXT: "url_context",
  GOOGLE_MAPS: "google_maps",
  FILE_SEARCH: "file_search",
});

/** The name that a `toolType` of an answer has here; of one that nobody knows, it in lower case. */
export const toolTypeName = (toolType: string): string => TOOL_TYPES[toolType] ?? toolType.toLowerCase();

/** The enum behind a name of `toolTypeName`. */
export function toolTypeOf(name: string): string {
  for (const [type, known] of Object.entries(TOOL_TYPES)) if (known === name) return type;
  return name.toUpperCase();
}
