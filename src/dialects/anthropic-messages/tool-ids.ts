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
  #used = new Map<string, number>();
  #open = new Map<string, string[]>();

  /** The wire id of a new call. */
  call(id: string): string {
    const clean = cleanToolId(id);
    const times = (this.#used.get(clean) ?? 0) + 1;
    this.#used.set(clean, times);
    const wire = times === 1 ? clean : `${clean}_${times}`;
    this.#open.set(id, [...(this.#open.get(id) ?? []), wire]);
    return wire;
  }

  /** The wire id of the call that a result answers. */
  result(id: string): string {
    const open = this.#open.get(id);
    const wire = open?.[0];
    if (open === undefined || wire === undefined) return cleanToolId(id);
    if (open.length > 1) this.#open.set(id, open.slice(1));
    return wire;
  }
}
