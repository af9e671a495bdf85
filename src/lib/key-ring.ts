import { decryptSecret, encryptSecret, hmacHex } from "./secrets.ts";

interface RingKey {
  /** What sealed texts name their key by; tells nothing of the key. */
  id: string;
  key: Uint8Array;
}

/** Keys for secrets at rest: the first seals, all of them open. So a key can be replaced while texts of the old one are still there. */
export class KeyRing {
  readonly #current: RingKey;
  readonly #keys: ReadonlyMap<string, RingKey>;

  /** 32 bytes each; older ones after the current one. */
  constructor(current: Uint8Array, ...older: readonly Uint8Array[]) {
    const [first, ...others] = [current, ...older].map((key): RingKey => ({
      id: hmacHex(key, "key id").slice(0, 8),
      key,
    }));
    if (first === undefined) throw new Error("a key ring needs a key");
    this.#current = first;
    this.#keys = new Map([...others, first].map((item) => [item.id, item]));
  }

  /** Bound to its context, such as the id of a row. */
  seal(context: string, text: string): string {
    return `${this.#current.id}.${encryptSecret(this.#current.key, context, text)}`;
  }

  /** Throws when the text was altered, its context is another, or its key isn't on the ring. */
  open(context: string, sealed: string): string {
    const dot = sealed.indexOf(".");
    const item = this.#keys.get(sealed.slice(0, Math.max(0, dot)));
    if (item === undefined) throw new Error("sealed under a key that isn't here");
    return decryptSecret(item.key, context, sealed.slice(dot + 1));
  }

  isCurrent(sealed: string): boolean {
    return sealed.startsWith(`${this.#current.id}.`);
  }
}
