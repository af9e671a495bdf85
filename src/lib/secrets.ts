import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

/** Purposes of keys that are derived from the master secret. One label, one use. */
export type KeyLabel = "key-pepper" | "seals" | "byok" | "sinks" | "cursors";

/** Derives a 32-byte key for one purpose (HKDF-SHA-256, RFC 5869). */
export function deriveKey(secret: string, label: KeyLabel): Uint8Array {
  return new Uint8Array(
    hkdfSync("sha256", Buffer.from(secret, "utf8"), Buffer.from("tollgate"), Buffer.from(label), 32),
  );
}

/** HMAC-SHA-256 in hex. */
export function hmacHex(key: Uint8Array, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

/** Compares two texts in time that depends on their lengths only. */
export function equalTexts(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** AES-256-GCM with a fresh 96-bit nonce; `context` (a row id) is authenticated, so that rows can't be swapped. base64 out. */
export function encryptSecret(key: Uint8Array, context: string, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
}

/** Undoes encryptSecret. Throws when anything was altered or the context differs. */
export function decryptSecret(key: Uint8Array, context: string, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < 28) throw new Error("sealed secret is too short");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
}
