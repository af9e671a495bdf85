import type { GenerateRequest, Part, Turn } from "../../ir/request.ts";

/** Where an encoder reports what it loses. */
interface Loser {
  lose(field: string, reason: string): void;
}

/**
 * Instructions that a conversation begins with, apart from it; those with a name or unknown fields keep their message. A conversation of nothing
 * else stays one.
 */
export function splitInstructions(all: readonly Turn[]): { system: Part[]; turns: Turn[] } {
  const first = all.findIndex((turn) => !isInstruction(turn) || turn.name !== undefined || turn.extras !== undefined);
  const leading = Math.max(first, 0);
  return { system: all.slice(0, leading).flatMap((turn) => turn.parts), turns: all.slice(leading) };
}

const isInstruction = ({ role }: Turn): boolean => role === "system" || role === "developer";

/**
 * For targets whose instructions stand apart from the conversation: instructions that it begins with go there, also those that kept a message
 * of their own for a name or for unknown fields, which are lost. A conversation of nothing else stays one, since no target takes an empty one.
 */
export function liftInstructions(request: GenerateRequest, loser: Loser): GenerateRequest {
  const first = request.turns.findIndex((turn) => !isInstruction(turn));
  if (first <= 0) return request;
  const lifted = request.turns.slice(0, first);
  for (const turn of lifted) {
    if (turn.name !== undefined) loser.lose(`${turn.path}.name`, "instructions have no name here");
    for (const name of Object.keys(turn.extras ?? {})) loser.lose(`${turn.path}.${name}`, "not known here");
  }
  const system = [...request.system, ...lifted.flatMap((turn) => turn.parts)];
  return { ...request, system, turns: request.turns.slice(first) };
}
