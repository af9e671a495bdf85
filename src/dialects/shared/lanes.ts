import type { IrEvent } from "../../ir/events.ts";

type PartEvent = Extract<IrEvent, { part: number }>;

/** The field of a message that a part is written into; null when the part has one of its own. */
export type LaneOf = (event: PartEvent) => string | null;

/**
 * Puts parts that share a field of the wire one behind the other: streams may send them in turns, and their texts would be mixed up. The part that
 * began first flows on, a later one waits for its end.
 */
export class Lanes {
  readonly #laneOf: LaneOf;
  /** The part that has the lane. */
  readonly #busy = new Map<string, number>();
  readonly #laneOfPart = new Map<number, string>();
  /** Events of parts that wait, in order of appearance. */
  readonly #waiting = new Map<number, PartEvent[]>();

  constructor(laneOf: LaneOf) {
    this.#laneOf = laneOf;
  }

  /** Hands on what may be written now: the event itself, or nothing, or what has waited for it. */
  push(event: PartEvent, write: (event: PartEvent) => void): void {
    const waiting = this.#waiting.size === 0 ? undefined : this.#waiting.get(event.part);
    if (waiting !== undefined) {
      waiting.push(event);
      return;
    }
    if (!this.#enters(event)) {
      this.#waiting.set(event.part, [event]);
      return;
    }
    write(event);
    if (event.type === "part-end") this.#leave(event.part, write);
  }

  /** What still waits at the end, whose turn never came. */
  flush(write: (event: PartEvent) => void): void {
    for (const [part, events] of this.#waiting) {
      this.#waiting.delete(part);
      for (const event of events) write(event);
    }
  }

  /** False when the part begins while another has its lane. */
  #enters(event: PartEvent): boolean {
    const lane = this.#laneOf(event);
    if (lane === null) return true;
    if (this.#busy.has(lane)) return this.#busy.get(lane) === event.part;
    this.#busy.set(lane, event.part);
    this.#laneOfPart.set(event.part, lane);
    return true;
  }

  #leave(part: number, write: (event: PartEvent) => void): void {
    const lane = this.#laneOfPart.get(part);
    if (lane === undefined) return;
    this.#laneOfPart.delete(part);
    this.#busy.delete(lane);
    for (const [next, events] of this.#waiting) {
      const [first] = events;
      if (first === undefined || this.#laneOf(first) !== lane) continue;
      this.#waiting.delete(next);
      for (const event of events) this.push(event, write);
      if (this.#busy.has(lane)) return;
    }
  }
}
