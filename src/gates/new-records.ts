import { newId } from "../lib/ids.ts";
import type { mintKey } from "./keys.ts";
import type { AccountRecord, KeyKind, KeyRecord } from "./types.ts";

/** An account without limits or terms of its own, but for `change`. `createdAt` in ms. Nothing is written. */
export function newAccount(
  name: string,
  createdAt: number,
  change: Partial<Omit<AccountRecord, "createdAt">> = {},
): AccountRecord {
  return {
    id: change.id ?? newId("acc"),
    name,
    tier: null,
    status: "active",
    monthlyCap: null,
    markupPercent: null,
    ownProvidersOnly: false,
    createdAt,
    ...change,
  };
}

/** A key that may do whatever its account may, but for `change`. `createdAt` in ms. Nothing is written. */
export function newKey(
  minted: ReturnType<typeof mintKey>,
  accountId: string,
  createdAt: number,
  change: Partial<Omit<KeyRecord, "createdAt">> & { kind: KeyKind },
): KeyRecord {
  return {
    id: newId("key"),
    accountId,
    name: "",
    digest: minted.digest,
    display: minted.display,
    models: [],
    monthlyCap: null,
    limits: null,
    strict: false,
    createdAt,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...change,
  };
}
