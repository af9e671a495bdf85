import type { Socket } from "bun";
import { type Cut, isData, type Script, type Step, steps } from "./script.ts";
import type { Gate } from "./gates.ts";
import { RecordedRequest } from "./request.ts";

/** What a connection needs of the server it belongs to. */
export interface ConnectionHost {
  nextIndex(): number;
  gate(name: string): Gate;
  /** Records the request and gives its reply. */
  received(request: RecordedRequest): Promise<Script>;
}

/** One TCP connection: reads requests one after another and plays their scripts. */
export class Connection {
  readonly #socket: Socket<Connection | null>;
  readonly #number: number;
  readonly #host: ConnectionHost;
  readonly #gone = Promise.withResolvers<void>();
  #input: Buffer = Buffer.alloc(0);
  #drained = Promise.withResolvers<void>();
  #isGone = false;
  #busy = false;
  #requests: RecordedRequest[] = [];

  constructor(socket: Socket<Connection | null>, number: number, host: ConnectionHost) {
    this.#socket = socket;
    this.#number = number;
    this.#host = host;
    socket.setNoDelay(true);
  }

  data(chunk: Uint8Array): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    void this.#serve();
  }
  drain(): void {
    this.#drained.resolve();
  }
  closed(): void {
    this.#isGone = true;
    this.#gone.resolve();
    this.#drained.resolve();
    for (const request of this.#requests) request.markClosed();
  }

  async #serve(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let parsed = this.#take(); parsed !== null && !this.#isGone; parsed = this.#take()) {
      const request = new RecordedRequest(this.#host.nextIndex(), this.#number, parsed.head, parsed.body);
      this.#requests.push(request);
      await this.#play(await this.#host.received(request), request);
    }
    this.#busy = false;
  }

  /** Takes one whole request off the input. */
  #take(): { head: string; body: Uint8Array } | null {
    const headEnd = this.#input.indexOf("\r\n\r\n");
    if (headEnd < 0) return null;
    const head = this.#input.toString("latin1", 0, headEnd);
    const length = Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? 0);
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) return this.#takeChunked(head, headEnd + 4);
    const end = headEnd + 4 + length;
    if (this.#input.length < end) return null;
    const body = Buffer.from(this.#input.subarray(headEnd + 4, end));
    this.#input = this.#input.subarray(end);
    return { head, body };
  }

  #takeChunked(head: string, start: number): { head: string; body: Uint8Array } | null {
    const parts: Buffer[] = [];
    let pos = start;
    for (;;) {
      const lineEnd = this.#input.indexOf("\r\n", pos);
      if (lineEnd < 0) return null;
      const size = Number.parseInt(this.#input.toString("latin1", pos, lineEnd), 16);
      const end = lineEnd + 2 + size + 2;
      if (this.#input.length < end) return null;
      if (size === 0) {
        this.#input = this.#input.subarray(end);
        return { head, body: Buffer.concat(parts) };
      }
      parts.push(Buffer.from(this.#input.subarray(lineEnd + 2, end - 2)));
      pos = end;
    }
  }

  async #play(script: Script, request: RecordedRequest): Promise<void> {
    if (script.raw !== undefined) {
      if (await this.#run(script.raw, request, false)) this.#finish(request, true);
      return;
    }
    const list = recut(steps(script), script.cut);
    const framing = script.framing ?? (script.stream === undefined ? "length" : "chunked");
    const lead: Step[] = (script.before ?? []).map((step) => (isData(step) ? { raw: step } : step));
    if (!(await this.#run([...lead, { raw: headText(script, framing, list) }], request, false))) return;
    if (!(await this.#run(list, request, framing === "chunked"))) return;
    if (framing === "chunked") await this.#write(Buffer.from("0\r\n\r\n"), request);
    this.#finish(request, framing === "close" || script.close === true);
  }

  #finish(request: RecordedRequest, close: boolean): void {
    request.markFinished();
    if (close && !this.#isGone) this.#socket.end();
  }

  /** Runs steps; false when the reply is over before its end. */
  async #run(list: readonly Step[], request: RecordedRequest, chunked: boolean): Promise<boolean> {
    for (const step of list) {
      if (this.#isGone) return false;
      if (isData(step)) {
        await this.#write(chunked ? toChunk(step) : Buffer.from(step as string), request);
        request.stepsSent += 1;
      } else if ("raw" in step) await this.#write(Buffer.from(step.raw as string), request);
      else if ("gate" in step) {
        if (!(await this.#host.gate(step.gate).enter(this.#gone.promise))) return false;
      } else {
        if (step.break === "reset") this.#socket.terminate();
        if (step.break === "eof") this.#socket.end();
        await this.#gone.promise;
        return false;
      }
    }
    return !this.#isGone;
  }

  async #write(bytes: Buffer, request: RecordedRequest): Promise<void> {
    let pos = 0;
    while (pos < bytes.length && !this.#isGone) {
      this.#drained = Promise.withResolvers<void>();
      const written = this.#socket.write(bytes.subarray(pos));
      if (written < 0) return;
      pos += written;
      request.bytesSent += written;
      if (pos < bytes.length) await this.#drained.promise;
    }
  }
}

function headText(script: Script, framing: "chunked" | "length" | "close", list: readonly Step[]): string {
  const headers: Record<string, string> = {
    "content-type": script.stream === undefined ? "application/json" : "text/event-stream",
  };
  for (const [name, value] of Object.entries(script.headers ?? {})) headers[name.toLowerCase()] = value;
  if (framing === "chunked") headers["transfer-encoding"] = "chunked";
  if (framing === "length") {
    const length = list.filter(isData).reduce((sum, step) => sum + Buffer.byteLength(step as string), 0);
    headers["content-length"] = String(script.contentLength ?? length);
  }
  if (framing === "close" || script.close === true) headers["connection"] = "close";
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${script.status ?? 200} Scripted\r\n${lines.join("")}\r\n`;
}

function toChunk(step: string | Uint8Array): Buffer {
  const bytes = Buffer.from(step as string);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** Joins neighbouring data steps and cuts them anew; other steps stay where they are. */
function recut(list: Step[], cut: Cut | undefined): Step[] {
  if (cut === undefined) return list.filter((step) => !isData(step) || step.length > 0);
  const sizes = sizesOf(cut);
  const out: Step[] = [];
  let run: Uint8Array[] = [];
  const flush = (): void => {
    const bytes = Buffer.concat(run);
    run = [];
    for (let pos = 0; pos < bytes.length;) {
      const size = Math.max(1, sizes());
      out.push(bytes.subarray(pos, pos + size));
      pos += size;
    }
  };
  for (const step of list) {
    if (isData(step)) run.push(Buffer.from(step as string));
    else {
      flush();
      out.push(step);
    }
  }
  flush();
  return out;
}

function sizesOf(cut: Cut): () => number {
  if (cut === "bytes") return () => 1;
  if (typeof cut === "number") return () => cut;
  if ("seed" in cut) {
    let state = cut.seed >>> 0 || 1;
    return () => {
      // xorshift32: the same seed, the same cuts.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return 1 + ((state >>> 0) % (cut.max ?? 40));
    };
  }
  let index = 0;
  return () => cut[index++ % cut.length] ?? 1;
}
