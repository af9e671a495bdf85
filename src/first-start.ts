import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { mintKey } from "./gates/keys.ts";
import { newAccount, newKey } from "./gates/new-records.ts";
import type { KeyStore } from "./gates/types.ts";

/** What a first start made, to be shown once. */
export interface FirstStart {
  key: string;
  /** Whether the catalog has the model that the key reaches. */
  hasModel: boolean;
  /** Null when the operator has set the token. */
  adminToken: string | null;
  adminTokenFile: string;
}

/**
 * A random text kept in a 0600 file of the data folder, made when it isn't there. On disk before it is used: keys that were minted under a
 * lost secret would be dead. Throws Error when the file is empty.
 */
export function readOrMakeSecret(path: string): string {
  if (existsSync(path)) {
    const kept = readFileSync(path, "utf8").trim();
    if (kept === "") throw new Error(`${path} is empty: put its text back, or delete the file to have a new one made`);
    return kept;
  }
  const text = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  const part = `${path}.part`;
  writeFileSync(part, `${text}\n`, { mode: 0o600, flush: true });
  renameSync(part, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
  return text;
}

/** The model that a first key reaches: built in, and free. */
export const FIRST_MODEL = "echo";

/**
 * Makes an account and a key that reaches the built-in echo model only, so that the first call can't cost anything. Gives the plaintext key;
 * null when there is an account already.
 */
export async function makeFirstKey(
  keys: KeyStore,
  options: { pepper: Uint8Array; prefix: string; now: number },
): Promise<string | null> {
  if (keys.listAccounts().length > 0) return null;
  const account = newAccount("default", options.now);
  await keys.insertAccount(account);
  const minted = mintKey(options.prefix, options.pepper);
  await keys.insertKey(
    newKey(minted, account.id, options.now, { kind: "user", name: "first key", models: [FIRST_MODEL] }),
  );
  return minted.key;
}
