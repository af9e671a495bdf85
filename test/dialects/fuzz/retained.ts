import { heapStats } from "bun:jsc";

/** Bytes of the heap that are in use once everything has been collected that can be. */
function inUse(): number {
  Bun.gc(true);
  const { heapSize, extraMemorySize } = heapStats();
  return heapSize + extraMemorySize;
}

/** How many more bytes are in use after `total` bytes of `text` (`#`: a number, different each time) have been taken than after the first twentieth. */
export function keptAfter(total: number, text: string, take: (bytes: Uint8Array) => void): number {
  let taken = 0;
  let count = 0;
  const until = (end: number): void => {
    while (taken < end) {
      const bytes = Buffer.from(text.replaceAll("#", `${(count += 1)}`.padEnd(2000, "x")));
      taken += bytes.length;
      take(bytes);
    }
  };
  until(total / 20);
  const before = inUse();
  until(total);
  return inUse() - before;
}
