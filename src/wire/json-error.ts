/** A body that is not the JSON object it has to be. Thrown by everything in wire/ that reads JSON bytes. */
export class JsonScanError extends Error {
  /** Byte offset of the fault. */
  readonly offset: number;
  /** Path of the value in which it lies, such as `messages[3].content`; "" for the whole body. */
  readonly path: string;

  constructor(message: string, offset: number, path: string) {
    super(path === "" ? `${message} (at byte ${offset})` : `${message} (at byte ${offset}, in ${path})`);
    this.name = "JsonScanError";
    this.offset = offset;
    this.path = path;
  }

  /** The error for a fault at `offset`, with the path found by reading the bytes before it once more. */
  static at(bytes: Uint8Array, offset: number, message: string): JsonScanError {
    const what = offset >= bytes.length ? `${message}, but the text ends` : message;
    return new JsonScanError(what, Math.min(offset, bytes.length), pathAt(bytes, offset));
  }
}

/** Characters of a path that are shown: keys are the client's and may be of any length. */
const MAX_PATH = 200;

interface Level {
  array: boolean;
  index: number;
  key: string;
}

/** Path of the value at `offset`; everything before `offset` is well-formed. Slow: only for errors. */
function pathAt(bytes: Uint8Array, offset: number): string {
  const levels: Level[] = [];
  let pos = 0;
  while (pos < offset && pos < bytes.length) {
    const byte = bytes[pos];
    const top = levels.at(-1);
    if (byte === 0x22) {
      const end = stringEnd(bytes, pos, offset);
      if (top !== undefined && !top.array && top.key === "") top.key = keyText(bytes.subarray(pos, end));
      pos = end;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) levels.push({ array: byte === 0x5b, index: 0, key: "" });
    else if (byte === 0x7d || byte === 0x5d) levels.pop();
    else if (byte === 0x2c && top !== undefined) {
      top.index += 1;
      top.key = "";
    }
    pos += 1;
  }
  let path = "";
  for (const level of levels) {
    if (level.array) path += `[${level.index}]`;
    else if (level.key !== "") path += path === "" ? level.key : `.${level.key}`;
  }
  return path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path;
}

function stringEnd(bytes: Uint8Array, start: number, limit: number): number {
  let pos = start + 1;
  while (pos < limit && pos < bytes.length && bytes[pos] !== 0x22) pos += bytes[pos] === 0x5c ? 2 : 1;
  return pos + 1;
}

function keyText(quoted: Uint8Array): string {
  return new TextDecoder().decode(quoted).slice(1, -1);
}
