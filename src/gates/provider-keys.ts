import type { Catalog, Provider } from "../catalog/types.ts";
import { conflict, GatewayError, invalidRequest, notFound } from "../ir/error.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import { errorText, type Logger } from "../lib/log.ts";
import type { KeyRing } from "../lib/key-ring.ts";
import { operatorCredential } from "../routing/credentials.ts";
import type { Credential } from "../routing/types.ts";

/** A provider key of an account's own, as it is stored: the key itself only as ciphertext. */
export interface ProviderKeyRecord {
  id: string;
  accountId: string;
  /** Name of a provider of the catalog. */
  provider: string;
  name: string;
  /** The last four, for lists. */
  display: string;
  /** AES-256-GCM, bound to id and account, with the id of the key that it is sealed under. */
  sealed: string;
  /** ms since the epoch. */
  createdAt: number;
}

/** Storage port of provider keys. Reads come from memory, since every call asks; writes resolve when durable. */
export interface ProviderKeyStore {
  /** Oldest first. */
  list(accountId: string): readonly ProviderKeyRecord[];
  all(): readonly ProviderKeyRecord[];
  insert(record: ProviderKeyRecord): Promise<void>;
  /** Puts these in place of those with the same ids, all or none. Those that have gone meanwhile stay gone. */
  replace(records: readonly ProviderKeyRecord[]): Promise<void>;
  /** False when the account has no such key. */
  remove(id: string, accountId: string): Promise<boolean>;
}

export interface ProviderKeyInput {
  provider: string;
  apiKey: string;
  name: string;
}

/** Most keys that one account may have. */
const MOST_KEYS = 50;

/** The customers' own provider keys: kept encrypted, opened only to make a call. */
export class ProviderKeys {
  readonly #store: ProviderKeyStore;
  readonly #ring: KeyRing;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(parts: { store: ProviderKeyStore; ring: KeyRing; clock: Clock; log: Logger }) {
    this.#store = parts.store;
    this.#ring = parts.ring;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  /**
   * Keys that may pay a provider for an account, its own before the operator's. Throws GatewayError 503 when an own key can't be opened:
   * it was altered, or the secret that it is sealed under is not here; going on with the operator's would bill the customer unasked.
   */
  credentials(provider: Provider, accountId: string, catalog: Catalog): Credential[] {
    const own = this.#store
      .list(accountId)
      .filter((record) => isGoodAt(catalog, record.provider, provider))
      .map((record): Credential => ({ id: `byok:${record.id}`, kind: "byok", apiKey: this.#open(record) }));
    const operator = operatorCredential(provider);
    return operator === null ? own : [...own, operator];
  }

  list(accountId: string): readonly ProviderKeyRecord[] {
    return this.#store.list(accountId);
  }

  /** Throws GatewayError 400 for an unknown provider or a key that no header can carry, 409 when there are too many. */
  async add(accountId: string, input: ProviderKeyInput, catalog: Catalog): Promise<ProviderKeyRecord> {
    const provider = catalog.providers.get(input.provider);
    if (provider === undefined || provider.kind === "echo") {
      const names = [...catalog.providers.values()].filter((item) => item.kind !== "echo").map((item) => item.name);
      throw invalidRequest("provider", `No such provider; the catalog has ${names.join(", ")}.`);
    }
    if (!/^[\x21-\x7e]+$/.test(input.apiKey)) throw invalidRequest("api_key", "api_key holds characters no key has.");
    if (this.#store.list(accountId).length >= MOST_KEYS) {
      throw conflict(`An account has at most ${MOST_KEYS} keys.`);
    }
    const id = newId("pkey");
    const record: ProviderKeyRecord = {
      id,
      accountId,
      provider: provider.name,
      name: input.name,
      display: `...${input.apiKey.length < 16 ? "" : input.apiKey.slice(-4)}`,
      sealed: this.#ring.seal(contextOf(id, accountId), input.apiKey),
      createdAt: this.#clock.now(),
    };
    await this.#store.insert(record);
    return record;
  }

  /** Throws GatewayError 404 when the account has no such key. The next call is made without it. */
  async remove(id: string, accountId: string): Promise<void> {
    if (await this.#store.remove(id, accountId)) return;
    throw notFound("No such provider key.", "id");
  }

  /** Seals anew what an older key has sealed; gives how many were, and the ids of those that no key on the ring opens. */
  async rotate(): Promise<{ rotated: number; unreadable: string[] }> {
    const old = this.#store.all().filter((record) => !this.#ring.isCurrent(record.sealed));
    const unreadable: string[] = [];
    const anew = old.flatMap((record): ProviderKeyRecord[] => {
      const context = contextOf(record.id, record.accountId);
      try {
        return [{ ...record, sealed: this.#ring.seal(context, this.#ring.open(context, record.sealed)) }];
      } catch (error) {
        this.#log.error("a provider key can't be opened", { provider_key: record.id, error: errorText(error) });
        unreadable.push(record.id);
        return [];
      }
    });
    await this.#store.replace(anew);
    return { rotated: anew.length, unreadable };
  }

  #open(record: ProviderKeyRecord): string {
    try {
      return this.#ring.open(contextOf(record.id, record.accountId), record.sealed);
    } catch (error) {
      this.#log.error("a provider key can't be opened", { provider_key: record.id, error: errorText(error) });
      throw new GatewayError({
        status: 503,
        code: "provider_error",
        message: "The account's own key for this provider can't be read; replace it.",
        cause: error,
      });
    }
  }
}

/** What a sealed key is bound to, so that rows can't be swapped between accounts. */
const contextOf = (id: string, accountId: string): string => `${accountId}/${id}`;

/** A key is good at the provider it was given for, and at rows for the same address (one API in two dialects). */
function isGoodAt(catalog: Catalog, name: string, provider: Provider): boolean {
  if (name === provider.name) return true;
  const given = catalog.providers.get(name);
  return given !== undefined && given.kind !== "echo" && given.baseUrl !== "" && given.baseUrl === provider.baseUrl;
}
