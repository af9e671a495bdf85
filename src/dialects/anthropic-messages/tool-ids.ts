import { createHash } from "node:crypto";

const ALLOWED = /^[a-zA-Z0-9_-]+$/;

/** An id that the API accepts (`^[a-zA-Z0-9_-]+$`): kept as it is, else its good characters and a digest of the whole. Deterministic. */
export function cleanToolId(id: string): string {
  if (ALLOWED.test(id)) return id;
  const digest = createHash("sha256").update(id).digest("hex").slice(0, 12);
  return `${id.replace(/[^a-zA-Z0-9_-]/g, "_")}_${digest}`;
}

/**
 * Wire ids of the tool calls of one conversation. The API wants them unique; some models call every first call `call_0`. A repeated id
 * gets a number, and results go to the oldest call of their id that has none yet.
 */
export class ToolIds {
  readonly #used = new Set<string>();
  /** How often each id was given out. */
  readonly #times = new Map<string, number>();
  /** Wire ids of the calls that wait for their result, by the conversation's own id. */
  readonly #open = new Map<string, string[]>();
  /** The wire id that was answered last. */
  readonly #answered = new Map<string, string>();

  /** The wire id of a new call. */
  call(id: string): string {
    const clean = cleanToolId(id);
    let times = this.#times.get(clean) ?? 0;
    let wire: string;
    do {
      times += 1;
      wire = times === 1 ? clean : `${clean}_${times}`;
    } while (this.#used.has(wire));
    this.#times.set(clean, times);
    this.#used.add(wire);
    this.#open.set(id, [...(this.#open.get(id) ?? []), wire]);
    return wire;
  }

  /** The wire id of the call that a result answers; further results of a call that has one go to it as well. */
  result(id: string): string {
    const [wire, ...rest] = this.#open.get(id) ?? [];
    if (wire === undefined) return this.#answered.get(id) ?? cleanToolId(id);
    this.#open.set(id, rest);
    this.#answered.set(id, wire);
    return wire;
  }
}
