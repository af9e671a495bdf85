import type { ProviderReference } from "../dialect.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";

type Add = (path: string, kind: ProviderReference["kind"], id: JsonValue | undefined) => void;

/** What hosted tools of OpenAI's APIs refer to at the provider: vector stores, containers with their files and skills, a mask. */
export function toolReferences(tools: readonly JsonValue[]): ProviderReference[] {
  const found: ProviderReference[] = [];
  const add: Add = (field, kind, id) => {
    if (typeof id === "string") found.push({ field, kind, id });
  };
  for (const [index, tool] of tools.entries()) if (isObject(tool)) ofTool(tool, `tools[${index}]`, add);
  return found;
}

function ofTool(tool: JsonObject, path: string, add: Add): void {
  if (tool["type"] === "function" || tool["type"] === "custom") return;
  each(tool["vector_store_ids"], `${path}.vector_store_ids`, (id, at) => add(at, "vector_store", id));
  const mask = tool["input_image_mask"];
  if (isObject(mask)) add(`${path}.input_image_mask.file_id`, "file", mask["file_id"]);
  for (const name of ["container", "environment"]) {
    const container = tool[name];
    add(`${path}.${name}`, "container", container);
    if (isObject(container)) ofContainer(container, `${path}.${name}`, add);
  }
}

function ofContainer(container: JsonObject, path: string, add: Add): void {
  add(`${path}.container_id`, "container", container["container_id"]);
  each(container["file_ids"], `${path}.file_ids`, (id, at) => add(at, "file", id));
  each(container["skills"], `${path}.skills`, (skill, at) => {
    if (isObject(skill)) add(`${at}.skill_id`, "skill", skill["skill_id"]);
  });
}

function each(list: JsonValue | undefined, path: string, visit: (item: JsonValue, at: string) => void): void {
  if (Array.isArray(list)) for (const [index, item] of list.entries()) visit(item, `${path}[${index}]`);
}
