/** Header fields as whoever reads them needs them: the runtime's Headers are one of these, too. */
export interface HeaderSource {
  /** Value of a field by its lower-case name; several of one name are joined by commas (RFC 9110, section 5.3). Null when absent. */
  get(name: string): string | null;
}

/** Header fields of an answer: a plain map, since one of the runtime's own costs more than reading the whole head. */
export class HeaderFields implements HeaderSource {
  readonly #fields = new Map<string, string>();

  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const before = this.#fields.get(key);
    this.#fields.set(key, before === undefined ? value : `${before}, ${value}`);
  }

  get(name: string): string | null {
    return this.#fields.get(name) ?? null;
  }
}
