const EVERY_PLACE_UP_TO = 8192;
const ROUNDS = 50;

/** Ways in which a stream may come in: byte by byte, in two pieces cut at every place (up to 8 KB, else at 50 seeded choices of up to 12 places). */
export function* cuttings(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
  if (bytes.length <= EVERY_PLACE_UP_TO) {
    for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
    return;
  }
  let state = 12_345;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state % limit;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const places = Array.from({ length: 1 + below(12) }, () => below(bytes.length)).toSorted((a, b) => a - b);
    yield [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
  }
}

/** Throws when some cutting of `bytes` is read as something else than the whole. `read` gives what can be compared as JSON. */
export function expectSameCut(bytes: Uint8Array, read: (pieces: readonly Uint8Array[]) => unknown): void {
  const whole = JSON.stringify(read([bytes]));
  for (const pieces of cuttings(bytes)) {
    if (JSON.stringify(read(pieces)) === whole) continue;
    const first = pieces[0]?.length ?? 0;
    throw new Error(`read as something else in ${pieces.length} pieces, the first of ${first} bytes`);
  }
}
