import { mintKey } from "../../gates/keys.ts";
import { newKey } from "../../gates/new-records.ts";
import type { KeyKind, KeyRecord } from "../../gates/types.ts";
import { conflict, type GatewayError, notFound } from "../../ir/error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { HttpDeps } from "../deps.ts";
import { keyView } from "./key-view.ts";
import type { KeyChange } from "./key-input.ts";

/** A key as it will be stored, with its plaintext. Nothing is written yet. */
export function draftKey(
  deps: HttpDeps,
  accountId: string,
  kind: KeyKind,
  change: KeyChange,
): { record: KeyRecord; plaintext: string } {
  const minted = mintKey(deps.catalog().brand.keyPrefix, deps.pepper);
  return { record: newKey(minted, accountId, deps.clock.now(), { kind, ...change }), plaintext: minted.key };
}

/** Stores a drafted key; the answer that shows its plaintext. Durable when it resolves. */
export async function storeKey(deps: HttpDeps, draft: { record: KeyRecord; plaintext: string }): Promise<Response> {
  await deps.keys.insertKey(draft.record);
  return Response.json({ ...keyView(draft.record), key: draft.plaintext }, { status: 201 });
}

/** A new plaintext for the same key: rights, cap and spend stay, the old plaintext stops at once. */
export async function rotateKey(deps: HttpDeps, key: KeyRecord): Promise<Response> {
  if (key.revokedAt !== null) throw revoked();
  const minted = mintKey(deps.catalog().brand.keyPrefix, deps.pepper);
  const updated = await deps.keys.updateKey(key.id, { digest: minted.digest, display: minted.display });
  if (updated === null) throw unknownKey();
  return Response.json({ ...keyView(updated), key: minted.key });
}

/** Changes a key. Throws GatewayError 404, and 409 for a revoked one. Durable when it resolves. */
export async function changeKey(deps: HttpDeps, key: KeyRecord, change: KeyChange): Promise<JsonObject> {
  if (key.revokedAt !== null) throw revoked();
  const updated = await deps.keys.updateKey(key.id, change);
  if (updated === null) throw unknownKey();
  return keyView(updated);
}

/** Idempotent: a key that is revoked already stays as it is. */
export async function revokeKey(deps: HttpDeps, key: KeyRecord): Promise<JsonObject> {
  const updated = key.revokedAt === null ? await deps.keys.updateKey(key.id, { revokedAt: deps.clock.now() }) : key;
  if (updated === null) throw unknownKey();
  return { ...keyView(updated), deleted: true };
}

/** The key, if it belongs to the account (or any, for operators); 404 otherwise, as if it did not exist. */
export function findKey(deps: HttpDeps, id: string, accountId: string | null): KeyRecord {
  const key = deps.keys.findKey(id);
  if (key === null || (accountId !== null && key.accountId !== accountId)) throw unknownKey();
  return key;
}

function unknownKey(): GatewayError {
  return notFound("No such key.", "id");
}

function revoked(): GatewayError {
  return conflict("This key has been revoked.");
}
