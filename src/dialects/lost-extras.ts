import type { DialectId } from "../ir/dialect-id.ts";
import { unsupportedFeature } from "../ir/error.ts";
import type { Loss } from "../ir/loss.ts";
import type { GenerateRequest, Part, Tool } from "../ir/request.ts";
import { isObject, type JsonObject, type JsonValue } from "../lib/json.ts";

/** How encoders begin to say that a field has no counterpart; other reasons are about the object as a whole. */
const NOT_KNOWN = "not known to ";

/**
 * The unknown fields of messages and parts that stay behind because the target speaks another dialect, but for those that its encoder has
 * reported itself. So no encoder can drop one in silence. Content of the user's that not even the client's own dialect knows can't be left behind,
 * since the question may be in it: throws 400 `unsupported_feature` with its path.
 */
export function lostExtras(request: GenerateRequest, target: DialectId, reported: readonly Loss[]): Loss[] {
  if (request.origin === target) return [];
  const known = new Set(reported.map((loss) => loss.field));
  const losses: Loss[] = [];
  const add = (path: string, extras: JsonObject | undefined): void => {
    for (const name of Object.keys(extras ?? {})) {
      const field = `${path}.${name}`;
      if (known.has(path) || known.has(field)) continue;
      known.add(field);
      losses.push({ field, reason: NOT_KNOWN + target, side: "request" });
    }
  };
  const addParts = (parts: readonly Part[], isUsers: boolean): void => {
    for (const part of parts) {
      add(part.path, part.extras);
      if (part.type === "tool-result") addParts(part.content, true);
      if (part.type === "native" && part.native.unknown === true && isUsers) {
        throw unsupportedFeature(
          part.path,
          `${part.path}: content of this type is not known, and this model can't be asked about it`,
        );
      }
    }
  };
  addParts(request.system, true);
  for (const turn of request.turns) {
    add(turn.path, turn.extras);
    addParts(turn.parts, turn.role === "user");
  }
  for (const tool of request.tools) {
    // Gemini's choice among functions says nothing of hosted tools: they aren't left out because the client wanted it.
    if (request.origin !== "gemini" || tool.kind !== "server" || known.has(tool.path)) continue;
    losses.push({ field: tool.path, reason: `a hosted tool not known to ${target}`, side: "request" });
  }
  return losses;
}

/** Objects that are read in part: what is left of one is lost by the names inside. */
const READ_IN_PART: ReadonlySet<string> = new Set([
  "generationConfig",
  "thinkingConfig",
  "toolConfig",
  "functionCallingConfig",
  "thinking",
  "output_config",
  "text",
  "reasoning",
]);

/** Losses of half-read objects and of tools told by the fields of the client's request that were lost in them. */
export function nameInside(request: GenerateRequest, losses: readonly Loss[]): Loss[] {
  const ofTools = new Map(request.tools.flatMap((tool) => toolPlaces(request.origin, tool)));
  const told = new Set<string>();
  return losses.flatMap((loss) => {
    const places = ofTools.get(loss.field);
    if (places !== undefined) {
      const fields = places.filter((field) => !told.has(field));
      for (const field of fields) told.add(field);
      return fields.map((field) => ({ ...loss, field }));
    }
    if (!loss.reason.startsWith(NOT_KNOWN)) return [loss];
    return placesIn(loss.field, loss.field, request.extras.fields[loss.field]).map((field) => ({ ...loss, field }));
  });
}

function placesIn(name: string, path: string, rest: JsonValue | undefined): string[] {
  if (!READ_IN_PART.has(name) || !isObject(rest)) return [path];
  return Object.entries(rest).flatMap(([inner, value]) => placesIn(inner, `${path}.${inner}`, value));
}

/**
 * Where the extras of a tool stood, by the field that they are reported under. Those of a chat function stand in it, and what stands
 * around it is one of them, as is the head of a Responses namespace, whose name is no loss: it comes back with each call.
 */
function toolPlaces(origin: DialectId, { path, kind, extras = {} }: Tool): [string, string[]][] {
  return Object.entries(extras).map(([name, value]): [string, string[]] => {
    const field = `${path}.${name}`;
    if (origin === "openai-chat") {
      if (name === "tool" && isObject(value)) return [field, Object.keys(value).map((outer) => `${path}.${outer}`)];
      return [field, path.startsWith("tools[") ? [`${path}.${kind}.${name}`] : [field]];
    }
    if (origin !== "openai-responses" || name !== "namespace" || !isObject(value)) return [field, [field]];
    const head = Object.keys(value).filter((inner) => inner !== "type" && inner !== "name");
    return [field, head.map((inner) => `${path.slice(0, path.lastIndexOf(".tools["))}.${inner}`)];
  });
}
