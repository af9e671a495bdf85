import { createHash } from "node:crypto";
import type { Tool } from "../../ir/request.ts";
import { isObject, type JsonObject } from "../../lib/json.ts";

/** Longest tool name that every API takes (OpenAI's and Gemini's limit). */
const MAX_NAME = 64;

/** Name of the namespace that a tool was declared in. */
export function namespaceOf(tool: Tool | undefined): string | undefined {
  const head = tool?.extras?.["namespace"];
  return isObject(head) && typeof head["name"] === "string" ? head["name"] : undefined;
}

/**
 * Tools of namespaces under names that tell all tools apart: other APIs have one list of names, and refuse one that comes twice. Who has
 * its name alone keeps it; the others are called `namespace__name`, and remember what they are called within.
 */
export function withOwnNames(tools: readonly Tool[]): Tool[] {
  const uses = new Map<string, number>();
  for (const { name } of tools) uses.set(name, (uses.get(name) ?? 0) + 1);
  const taken = new Set(uses.keys());
  return tools.map((tool) => {
    const namespace = namespaceOf(tool);
    if (namespace === undefined || uses.get(tool.name) === 1) return tool;
    const name = freeName(`${namespace}__${tool.name}`, taken);
    taken.add(name);
    return { ...tool, name, localName: tool.name };
  });
}

/** The name, or one that goes on with a digest of it where it is too long or somebody else's. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (name.length <= MAX_NAME && !taken.has(name)) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, MAX_NAME - 9)}_${digest}`;
}

/** The tool that is meant by a name and, where the client says it, a namespace. */
export function toolNamed(tools: readonly Tool[], { name, namespace }: JsonObject): Tool | undefined {
  const called = tools.filter((tool) => (tool.localName ?? tool.name) === name);
  return called.find((tool) => namespaceOf(tool) === (namespace ?? undefined)) ?? called[0];
}
