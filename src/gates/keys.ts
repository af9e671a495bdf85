import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { hmacHex } from "../lib/secrets.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 30 base62 characters are 178 bits. */
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** Longer than any key of ours; nothing longer is hashed. */
const MAX_KEY_LENGTH = 256;

export interface MintedKey {
  /** The plaintext: shown once, never stored. */
  key: string;
  /** HMAC-SHA-256(pepper, key), hex. */
  digest: string;
  /** Prefix and last four, for lists. */
  display: string;
}

/**
 * Makes a key in GitHub's token form: the profile's prefix, 178 random bits in base62, and a base62 CRC-32 over all that stands before
 * it, so that secret scanners and the gate can tell a real key without asking anybody.
 */
export function mintKey(prefix: string, pepper: Uint8Array): MintedKey {
  const body = prefix + randomBase62(RANDOM_LENGTH);
  const key = body + checksum(body);
  return { key, digest: digestKey(pepper, key), display: `${prefix}...${key.slice(-4)}` };
}

/** True when the text ends in the right checksum of what stands before it. Costs no lookup. */
export function isWellFormedKey(text: string): boolean {
  if (text.length <= RANDOM_LENGTH + CHECKSUM_LENGTH || text.length > MAX_KEY_LENGTH) return false;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return checksum(body) === text.slice(-CHECKSUM_LENGTH);
}

/** The form in which keys are stored and looked up. */
export const digestKey = (pepper: Uint8Array, key: string): string => hmacHex(pepper, key);

/** Regular expression for secret scanners: matches every key with this prefix. */
export function keyPattern(prefix: string): string {
  return `${prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}`;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let out = "";
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    out = (ALPHABET[rest % 62] ?? "") + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}

/** Uniform: bytes from 248 up are thrown away, since 248 is the largest multiple of 62 in a byte. */
function randomBase62(length: number): string {
  let out = "";
  while (out.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && out.length < length) out += ALPHABET[byte % 62] ?? "";
    }
  }
  return out;
}
