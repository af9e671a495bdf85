import type { TCPSocketListener } from "bun";
import { Connection, type ConnectionHost } from "./connection.ts";
import { Gate } from "./gates.ts";
import type { RecordedRequest } from "./request.ts";
import type { Reply, Script } from "./script.ts";

/** Which requests a reply is for: a model name, a part of the request, or any test of it. */
export type Matcher =
  | string
  | { model?: string; path?: string; method?: string; header?: [name: string, value: string] }
  | ((request: RecordedRequest) => boolean);

interface Rule {
  matches: (request: RecordedRequest) => boolean;
  reply: Reply;
  /** How often it still answers. */
  left: number;
}

export interface UpstreamOptions {
  /** Serves TLS with this certificate. */
  tls?: { key: string; cert: string };
}

/**
 * A provider made of a script: a raw TCP HTTP/1.1 server on 127.0.0.1 that records every request and answers as it was told.
 * Replies are looked for in this order: rules of `when` (newest first), the queue of `reply`, the default of `always`.
 * A request that finds none is answered with 599 and stands in `unexpected`.
 */
export class Upstream implements ConnectionHost, AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  readonly unexpected: RecordedRequest[] = [];
  #listener: TCPSocketListener<Connection | null> | null = null;
  #scheme = "http";
  #connections = 0;
  #open = 0;
  #rules: Rule[] = [];
  #queue: Reply[] = [];
  #default: Reply | null = null;
  #gates = new Map<string, Gate>();
  #watchers: { count: number; resolve: () => void }[] = [];
  #idle: (() => void)[] = [];
  #port = 0;

  /** `http://127.0.0.1:port`, no slash at the end. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }
  get port(): number {
    return this.#port;
  }
  /** TCP connections that were accepted so far, and those open now. */
  get connections(): { accepted: number; open: number } {
    return { accepted: this.#connections, open: this.#open };
  }

  listen(options: UpstreamOptions = {}): this {
    if (options.tls !== undefined) this.#scheme = "https";
    this.#listener = Bun.listen<Connection | null>({
      hostname: "127.0.0.1",
      port: this.#port,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      socket: {
        open: (socket) => {
          this.#connections += 1;
          this.#open += 1;
          socket.data = new Connection(socket, this.#connections, this);
        },
        data: (socket, chunk) => socket.data?.data(chunk),
        drain: (socket) => socket.data?.drain(),
        end: (socket) => {
          socket.end();
        },
        error: (socket) => socket.data?.closed(),
        close: (socket) => {
          this.#open -= 1;
          socket.data?.closed();
          if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
        },
      },
    });
    this.#port = this.#listener.port;
    return this;
  }

  /** Answers the next requests, one reply each, in this order. */
  reply(...replies: Reply[]): this {
    this.#queue.push(...replies);
    return this;
  }
  /** Answers whatever nothing else answers. */
  always(reply: Reply): this {
    this.#default = reply;
    return this;
  }
  /** Answers the requests that match, `times` of them (all by default). */
  when(matcher: Matcher, reply: Reply, times = Number.POSITIVE_INFINITY): this {
    this.#rules.unshift({ matches: toTest(matcher), reply, left: times });
    return this;
  }
  /** Forgets rules, queue, default and records; gates and connections stay. */
  reset(): this {
    this.#rules = [];
    this.#queue = [];
    this.#default = null;
    this.requests.length = 0;
    this.unexpected.length = 0;
    return this;
  }

  /** The gate of this name; it is made when first asked for. */
  gate(name: string): Gate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const made = new Gate();
    this.#gates.set(name, made);
    return made;
  }

  /** Resolves with the request of this number (from 0) as soon as it has come. */
  async request(index = 0): Promise<RecordedRequest> {
    await this.whenReceived(index + 1);
    const found = this.requests[index];
    if (found === undefined) throw new Error(`no request ${index}`);
    return found;
  }
  /** Resolves when `count` requests have come. */
  async whenReceived(count: number): Promise<void> {
    if (this.requests.length >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ count, resolve });
    await promise;
  }
  /** The request that came last. Throws when there was none. */
  get last(): RecordedRequest {
    const found = this.requests.at(-1);
    if (found === undefined) throw new Error("no request has come");
    return found;
  }
  /** Resolves when no connection is open. */
  async drained(): Promise<void> {
    if (this.#open === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    await promise;
  }

  /** From now on connections are refused, as from a provider that is down; `listen()` brings it back on the same port. */
  refuse(): this {
    this.#listener?.stop(true);
    this.#listener = null;
    return this;
  }
  stop(): void {
    for (const item of this.#gates.values()) item.open();
    this.#listener?.stop(true);
    this.#listener = null;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }

  nextIndex(): number {
    return this.requests.length;
  }
  async received(request: RecordedRequest): Promise<Script> {
    this.requests.push(request);
    this.#watchers = this.#watchers.filter((watcher) => {
      if (watcher.count > this.requests.length) return true;
      watcher.resolve();
      return false;
    });
    const reply = this.#choose(request);
    if (reply !== null) return typeof reply === "function" ? await reply(request) : reply;
    this.unexpected.push(request);
    return { status: 599, body: { error: { message: `nothing is scripted for ${request.method} ${request.path}` } } };
  }

  #choose(request: RecordedRequest): Reply | null {
    const rule = this.#rules.find((item) => item.left > 0 && item.matches(request));
    if (rule === undefined) return this.#queue.shift() ?? this.#default;
    rule.left -= 1;
    return rule.reply;
  }
}

function toTest(matcher: Matcher): (request: RecordedRequest) => boolean {
  if (typeof matcher === "function") return matcher;
  if (typeof matcher === "string") return (request) => request.model === matcher;
  const { model, path, method, header } = matcher;
  return (request) =>
    (model === undefined || request.model === model) &&
    (path === undefined || request.path.endsWith(path)) &&
    (method === undefined || request.method === method) &&
    (header === undefined || request.headers[header[0].toLowerCase()] === header[1]);
}

/** A scripted provider that listens on a free port. Stop it in `afterAll`, or declare it with `await using`. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  return new Upstream().listen(options);
}

/** A URL on which nobody listens: connections are refused. Free ports are given out again, to any test that runs at the time; this one is not. */
export const REFUSED_URL = "http://127.0.0.1:1";
