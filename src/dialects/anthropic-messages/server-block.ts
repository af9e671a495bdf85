import type { JsonObject } from "../../lib/json.ts";

/** A block of a tool that runs at Anthropic: an assistant message with one may be a paused turn that goes on. */
export const isServerBlock = (block: JsonObject): boolean =>
  block.type === "server_tool_use" || block.type === "mcp_tool_use" || String(block.type).endsWith("_tool_result");
