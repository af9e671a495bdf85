const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `<prefix>_<time-ordered id>`: a UUIDv7 in base62, so that ids sort by when they were made. */
export function newId(prefix: string): string {
  let value = BigInt(`0x${Bun.randomUUIDv7().replaceAll("-", "")}`);
  let text = "";
  for (let index = 0; index < 22; index += 1) {
    text = (ALPHABET[Number(value % 62n)] ?? "0") + text;
    value /= 62n;
  }
  return `${prefix}_${text}`;
}
