import { invalidRequest } from "../../ir/error.ts";
import type { Part, Turn } from "../../ir/request.ts";

/**
 * Every call is answered by the user's turn that follows it, once, and nothing else is (Anthropic, tool use: "each tool_result block must have a
 * corresponding tool_use block in the previous message"). Throws 400 naming the block.
 */
export function checkToolPairs(turns: readonly Turn[]): void {
  /** Paths of the calls that wait for their result, by id. */
  const open = new Map<string, string>();
  let last: Turn["role"] = "user";
  for (const turn of turns) {
    // Instructions may stand between a call and its result.
    if (turn.role === "system") continue;
    if (turn.role === "assistant" && last === "user") requireResults(open);
    last = turn.role;
    for (const part of turn.parts) follow(part, open);
  }
  requireResults(open);
}

function follow(part: Part, open: Map<string, string>): void {
  if (part.type === "tool-result" && !open.delete(part.toolId)) {
    const path = `${part.path}.tool_use_id`;
    throw invalidRequest(path, `${path}: no tool_use block ${part.toolId} waits for a result in the message before`);
  }
  if (part.type !== "tool-call") return;
  const path = `${part.path}.id`;
  if (open.has(part.id))
    throw invalidRequest(path, `${path}: tool_use ids must be unique, ${part.id} is there already`);
  open.set(part.id, path);
}

function requireResults(open: Map<string, string>): void {
  for (const [id, path] of open) throw invalidRequest(path, `${path}: no tool_result follows for tool_use ${id}`);
}
