/**
 * What a process did to the files of a database, in order, as the system saw it: strace records each write with its bytes. The steps are all that
 * is needed to build the file as a power cut could have left it.
 */
import { basename, dirname } from "node:path";

export type Step =
  /** `file` counts files, not names: a name that is unlinked and made anew is another file. */
  | { kind: "create"; name: string; file: number }
  | { kind: "unlink"; name: string }
  | { kind: "write"; file: number; offset: number; bytes: Uint8Array }
  | { kind: "truncate"; file: number; size: number }
  /** On disk now: what this file (null: the folder's names) had been told before step `covers`. */
  | { kind: "sync"; file: number | null; covers: number }
  /** A line that the process has told the outside world. */
  | { kind: "told"; line: string };

const CALLS = "pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate";
const NAMES = "rename,renameat,renameat2,unlink,unlinkat,link,linkat,open,openat,creat,copy_file_range,sendfile";

/** Its path; null where it isn't installed or may not trace, as in some containers. */
export const STRACE = usable(Bun.which("strace"));

function usable(path: string | null): string | null {
  if (path === null) return null;
  return Bun.spawnSync([path, "-o", "/dev/null", "true"]).success ? path : null;
}

/** strace around a command: `-y` names each descriptor's path, `-xx -s` gives every byte in hexadecimal. */
export function straced(command: readonly string[], output: string): string[] {
  if (STRACE === null) throw new Error("strace is not installed, or may not trace");
  const options = ["-f", "--seccomp-bpf", "-y", "-xx", "-s", "100000000", "-e", `trace=${CALLS},${NAMES}`];
  return [STRACE, ...options, "-o", output, ...command];
}

interface Call {
  name: string;
  text: string;
  /** Number of the step at which it began. */
  began: number;
}

const STARTED = /^(\d+) +(\w+)\(/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>/;
const UNFINISHED = " <unfinished ...>";
const DESCRIPTOR = /^(\d+)<([^>]*)>(?:\(deleted\))?/;
const QUOTED = /"([^"]*)"/;

const bytesOf = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll("\\x", ""));
const textOf = (hex: string): string => Buffer.from(bytesOf(hex)).toString();

/** Reads traces of one folder's processes, one after the other, into one list of steps. */
export class TraceReader {
  readonly steps: Step[] = [];
  readonly #folder: string;
  readonly #isOurs: (name: string) => boolean;
  readonly #files = new Map<string, number>();
  readonly #unfinished = new Map<string, Call>();
  #count = 0;
  #told = "";

  /** `folder`: absolute, without links. `isOurs` says which of its files matter; others are left out. */
  constructor(folder: string, isOurs: (name: string) => boolean) {
    this.#folder = folder;
    this.#isOurs = isOurs;
  }

  read(trace: string): void {
    for (let at = 0; at < trace.length;) {
      const end = trace.indexOf("\n", at);
      this.#line(trace.slice(at, end === -1 ? trace.length : end));
      at = end === -1 ? trace.length : end + 1;
    }
    // Killed in the middle: the system finishes what it has been given.
    for (const call of this.#unfinished.values()) this.#apply(call);
    this.#unfinished.clear();
    this.#told = "";
  }

  #line(line: string): void {
    const resumed = RESUMED.exec(line);
    const begun = resumed === null ? STARTED.exec(line) : null;
    const [, thread = "", name = ""] = resumed ?? begun ?? [];
    if (name === "") return;
    if (resumed !== null) {
      const call = this.#unfinished.get(thread);
      this.#unfinished.delete(thread);
      if (call !== undefined) this.#apply({ ...call, text: call.text + line.slice(resumed[0].length) });
      return;
    }
    const call = { name, text: line.slice(begun?.[0].length ?? 0), began: this.steps.length };
    if (!call.text.endsWith(UNFINISHED)) return this.#apply(call);
    const text = call.text.slice(0, -UNFINISHED.length);
    // The outside world may have read a line before its write returned.
    if (this.#tell(name, text)) return;
    this.#unfinished.set(thread, { ...call, text });
  }

  #apply(call: Call): void {
    const { name, text } = call;
    if (/\) *= -1 /.test(text.slice(-200)) || this.#tell(name, text)) return;
    const [, number, hexPath = ""] = DESCRIPTOR.exec(text) ?? [];
    if (name.startsWith("open") || name === "creat") return this.#open(text);
    if (name.startsWith("unlink")) return this.#unlink(text);
    if (number === undefined) return this.#refuse(call, textOf(QUOTED.exec(text)?.[1] ?? ""));
    const path = hexPath.startsWith("\\x") ? textOf(hexPath) : hexPath;
    const isSync = name === "fsync" || name === "fdatasync";
    if (isSync && path === this.#folder) {
      this.steps.push({ kind: "sync", file: null, covers: call.began });
      return;
    }
    const file = this.#fileAt(path);
    if (file === null) return;
    if (isSync) this.steps.push({ kind: "sync", file, covers: call.began });
    else if (name === "pwrite64") this.#write(file, text);
    else if (name === "ftruncate") {
      this.steps.push({ kind: "truncate", file, size: Number(/, (\d+)\)/.exec(text)?.[1]) });
    } else this.#refuse(call, path);
  }

  #write(file: number, text: string): void {
    const bytes = bytesOf(QUOTED.exec(text)?.[1] ?? "");
    const [, length, offset] = /", (\d+), (\d+)/.exec(text.slice(text.lastIndexOf('"'))) ?? [];
    if (Number(length) !== bytes.length) throw new Error(`the trace has ${bytes.length} bytes of ${length}`);
    this.steps.push({ kind: "write", file, offset: Number(offset), bytes });
  }

  #open(text: string): void {
    const path = textOf(QUOTED.exec(text)?.[1] ?? "");
    if (!this.#isBelow(path) || !text.includes("O_CREAT") || this.#files.has(basename(path))) return;
    const file = this.#count++;
    this.#files.set(basename(path), file);
    this.steps.push({ kind: "create", name: basename(path), file });
  }

  #unlink(text: string): void {
    const path = textOf(QUOTED.exec(text)?.[1] ?? "");
    if (this.#isBelow(path) && this.#files.delete(basename(path))) {
      this.steps.push({ kind: "unlink", name: basename(path) });
    }
  }

  /** Lines on standard output. True when it was a write to there. */
  #tell(name: string, text: string): boolean {
    if (name !== "write" || !text.startsWith("1<")) return false;
    this.#told += textOf(QUOTED.exec(text)?.[1] ?? "");
    const lines = this.#told.split("\n");
    this.#told = lines.pop() ?? "";
    for (const line of lines) this.steps.push({ kind: "told", line });
    return true;
  }

  #isBelow(path: string): boolean {
    return dirname(path) === this.#folder && this.#isOurs(basename(path));
  }

  #fileAt(path: string): number | null {
    return this.#isBelow(path) ? (this.#files.get(basename(path)) ?? null) : null;
  }

  /** A call on one of our files that images would not show: better no answer than a wrong one. */
  #refuse({ name, text }: Call, path: string): void {
    if (this.#isBelow(path)) throw new Error(`${name} of ${path} is not understood: ${text.slice(0, 200)}`);
  }
}
