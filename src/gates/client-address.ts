import { isIP } from "node:net";

/** An address as 16 bytes; IPv4 in its mapped form (RFC 4291, 2.5.5.2), so that one comparison serves both. */
function addressBytes(text: string): Uint8Array | null {
  const plain = text.replace(/%.*$/, "");
  const kind = isIP(plain);
  if (kind === 0) return null;
  const bytes = new Uint8Array(16);
  if (kind === 4) {
    bytes.set([0xff, 0xff], 10);
    bytes.set(plain.split(".").map(Number), 12);
    return bytes;
  }
  const [head = "", tail] = withoutDottedTail(plain).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  groups.forEach((group, index) => {
    const value = Number.parseInt(group, 16);
    bytes[index * 2] = value >> 8;
    bytes[index * 2 + 1] = value & 0xff;
  });
  return bytes;
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1`. */
function withoutDottedTail(text: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (match === null) return text;
  const [a, b, c, d] = match.slice(2).map(Number);
  return `${match[1]}${(((a ?? 0) << 8) | (b ?? 0)).toString(16)}:${(((c ?? 0) << 8) | (d ?? 0)).toString(16)}`;
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);

/** One spelling per address: IPv4 dotted, also when it came mapped into IPv6; else eight groups in hex. Null when it is no address. */
export function normalizeAddress(text: string): string | null {
  const bytes = addressBytes(text);
  if (bytes === null) return null;
  if (isMapped(bytes)) return bytes.subarray(12).join(".");
  return Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  ).join(":");
}

/** What limits are counted under: an IPv4 address, or the /64 of an IPv6 one, since a customer gets at least that much. */
export function limitAddress(text: string): string {
  const normal = normalizeAddress(text);
  if (normal === null) return text;
  return normal.includes(":") ? `${normal.split(":").slice(0, 4).join(":")}::/64` : normal;
}

/** A set of networks in CIDR form, or single addresses. */
export class Networks {
  readonly #networks: { bytes: Uint8Array; bits: number }[] = [];

  /** Throws RangeError on text that is no network. */
  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const [address = "", length] = text.split("/");
      const bytes = addressBytes(address);
      const most = address.includes(":") ? 128 : 32;
      const bits = length === undefined ? most : Number(length);
      if (bytes === null || !Number.isInteger(bits) || bits < 0 || bits > most) {
        throw new RangeError(`not a network: ${text}`);
      }
      this.#networks.push({ bytes, bits: bits + (most === 32 ? 96 : 0) });
    }
  }

  has(address: string): boolean {
    const bytes = addressBytes(address);
    return bytes !== null && this.#networks.some((network) => samePrefix(network.bytes, bytes, network.bits));
  }
}

function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let index = 0; index < whole; index += 1) if (a[index] !== b[index]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((a[whole] ?? 0) & mask) === ((b[whole] ?? 0) & mask);
}

/**
 * The client behind trusted proxies: X-Forwarded-For counts only when the TCP peer is trusted, and then from the right, the first hop that
 * is not trusted itself. A hop that is no address ends the walk at the last good one.
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: Networks): string {
  if (forwardedFor === null) return peer;
  let current = normalizeAddress(peer) ?? peer;
  const hops = forwardedFor.split(",").map((hop) => hop.trim());
  while (trusted.has(current)) {
    const next = hops.pop();
    const normal = next === undefined ? null : normalizeAddress(stripPort(next));
    if (normal === null) return current;
    current = normal;
  }
  return current;
}

/** `1.2.3.4:567` and `[::1]:567` without the port, as some proxies write it. */
function stripPort(hop: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(hop);
  if (bracketed !== null) return bracketed[1] ?? hop;
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(":")) : hop;
}
