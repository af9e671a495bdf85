import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** ms and bytes that a fetched document may take. */
const TIME_LIMIT_MS = 10_000;
const SIZE_LIMIT = 1024 * 1024;

/**
 * Reads a small text from a public HTTPS address that the operator named (a JWKS). Private, loopback and link-local addresses are refused, as
 * resolved; redirects are refused. Throws Error with a message for the log.
 */
export async function fetchPublicText(url: string): Promise<string> {
  const parsed = new URL(url);
  if (parsed.protocol !== "https:") throw new Error("only https addresses are fetched");
  await refusePrivate(parsed.hostname);
  const response = await fetch(parsed, { redirect: "error", signal: AbortSignal.timeout(TIME_LIMIT_MS) });
  if (!response.ok) throw new Error(`the address answered with status ${response.status}`);
  const bytes = await response.arrayBuffer();
  if (bytes.byteLength > SIZE_LIMIT) throw new Error("the document is too large");
  return new TextDecoder().decode(bytes);
}

async function refusePrivate(host: string): Promise<void> {
  const bare = host.replace(/^\[|\]$/g, "");
  const addresses = isIP(bare) === 0 ? (await lookup(bare, { all: true })).map((item) => item.address) : [bare];
  if (addresses.some(isPrivateAddress)) throw new Error("the address is not public");
}

/** Loopback, private, link-local, carrier-grade NAT, multicast and reserved ranges (RFC 6890), IPv4 in IPv6 included. */
export function isPrivateAddress(address: string): boolean {
  const mapped = /^::(?:ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  const text = mapped?.[1] ?? address;
  if (isIP(text) === 4) {
    const [a = 0, b = 0] = text.split(".").map(Number);
    if (a === 0 || a === 10 || a === 127 || a >= 224) return true;
    return (
      (a === 100 && b >= 64 && b < 128) ||
      (a === 169 && b === 254) ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && b === 168)
    );
  }
  return /^(?:::|::1|f[cd]|fe[89ab]|ff)/i.test(text);
}
