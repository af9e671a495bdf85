import { DAY_MS } from "../lib/clock.ts";

/** An id of something that a provider keeps (a container, a file …), and by which way an account got it. */
export interface OwnedId {
  /** `container`, `file` … */
  kind: string;
  id: string;
  account: string;
  /** Provider of the catalog that answered. */
  provider: string;
  /** `operator`, or `byok:<id>`: whoever has the same one could use the id, too. */
  credential: string;
}

/**
 * Storage port of who owns what at the providers. Everybody behind the operator's key shares one account there; only this table tells
 * their things apart.
 */
export interface OwnershipStore {
  /** Who got this id, by which way; [] = nobody. Reads that follow a `claim` see it. */
  find(kind: string, id: string): readonly OwnedId[];
  /**
   * The first account that an id is given to by a provider and credential keeps it; the same account's own is kept longer. Durable when it
   * resolves.
   */
  claim(ids: readonly OwnedId[]): Promise<void>;
}

/** ms that an id is kept after it was last named: as long as the longest-lived container (Anthropic, code execution: 30 days). */
export const OWNERSHIP_MS = 30 * DAY_MS;
