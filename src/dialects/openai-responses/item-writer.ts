import type { Loss } from "../../ir/loss.ts";
import type { JsonObject } from "../../lib/json.ts";

/** What the writers of one answer share: the list of items, the events that go out, ids that are taken, losses. */
export class OutputScope {
  /** Items by `output_index`, each in its latest state. */
  readonly items: JsonObject[] = [];
  readonly losses: Loss[] = [];
  readonly #send: (type: string, fields: JsonObject) => void;
  readonly #seed: string;
  readonly #taken = new Set<string>();

  constructor(seed: string, send: (type: string, fields: JsonObject) => void) {
    this.#seed = seed;
    this.#send = send;
  }

  send(type: string, fields: JsonObject): void {
    this.#send(type, fields);
  }

  lose(field: string, reason: string): void {
    if (this.losses.some((loss) => loss.field === field && loss.reason === reason)) return;
    this.losses.push({ field, reason, side: "answer" });
  }

  /** The wanted item id, unless another item has it; else a new one. Official SDKs refuse an answer whose ids repeat. */
  itemId(prefix: string, wanted: string | undefined): string {
    const id = wanted === undefined || wanted === "" ? `${prefix}_${this.#seed}_${this.items.length}` : wanted;
    return this.unique(id);
  }

  unique(id: string): string {
    let unique = id;
    for (let count = 2; this.#taken.has(unique); count += 1) unique = `${id}_${count}`;
    this.#taken.add(unique);
    return unique;
  }

  /** Announces a new item; gives its `output_index`. */
  add(item: JsonObject): number {
    this.items.push(item);
    const index = this.items.length - 1;
    this.send("response.output_item.added", { output_index: index, item });
    return index;
  }

  finish(index: number, item: JsonObject): void {
    this.items[index] = item;
    this.send("response.output_item.done", { output_index: index, item });
  }

  /** An item that is whole at once. */
  whole(announced: JsonObject, item: JsonObject): void {
    this.finish(this.add(announced), item);
  }
}
