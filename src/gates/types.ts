import type { Limits } from "../catalog/types.ts";

export type KeyKind = "instance" | "user" | "self-host" | "admin";

/** A key as the gates need it. Money in nano-units of the ledger currency. */
export interface KeyRecord {
  id: string;
  accountId: string;
  kind: KeyKind;
  name: string;
  /** HMAC-SHA-256(pepper, key), hex. */
  digest: string;
  /** For display: prefix and last four. */
  display: string;
  /** Globs over model ids; empty = all. */
  models: readonly string[];
  monthlyCap: bigint | null;
  /** Overrides of the tier's limits; null = the tier's. */
  limits: Partial<Limits> | null;
  /** Strict: request losses are a 400. */
  strict: boolean;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

export interface AccountRecord {
  id: string;
  name: string;
  tier: string | null;
  status: "active" | "disabled" | "closed";
  monthlyCap: bigint | null;
  markupPercent: string | null;
  /** Only the account's own providers may serve it. */
  ownProvidersOnly: boolean;
  createdAt: number;
}

/** Who is calling, after authentication. */
export interface Principal {
  account: AccountRecord;
  /** Null for anonymous callers and JWT bearers without a key row. */
  key: KeyRecord | null;
  bearer: "instance" | "user" | "self-host" | "jwt" | "anonymous";
  /** Tier name of the catalog. */
  tier: string;
  /** Limits in force after tier and key. */
  limits: Limits;
  /** Globs in force: key ∩ tier, each list must match. */
  modelGlobs: readonly (readonly string[])[];
  /** What requests and daily counts are counted under: account id, or the peer's address for anonymous callers. */
  limitSubject: string;
  /** The account's requests per minute where this key has a limit of its own; both are counted. */
  sharedRequestsPerMinute?: number;
}

/** Storage port of keys and accounts. Writes resolve when durable. */
export interface KeyStore {
  findByDigest(digest: string): KeyRecord | null;
  findKey(id: string): KeyRecord | null;
  listKeys(accountId: string): KeyRecord[];
  insertKey(key: KeyRecord): Promise<void>;
  updateKey(id: string, change: Partial<Omit<KeyRecord, "id" | "accountId">>): Promise<KeyRecord | null>;
  touchKey(id: string, at: number): void;
  findAccount(id: string): AccountRecord | null;
  listAccounts(): AccountRecord[];
  insertAccount(account: AccountRecord): Promise<void>;
  updateAccount(id: string, change: Partial<Omit<AccountRecord, "id">>): Promise<AccountRecord | null>;
}
