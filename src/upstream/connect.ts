import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import type { Socket, SocketHandler, TLSOptions } from "bun";
import type { Abortable } from "../lib/abort.ts";
import { startTimeLimit } from "../lib/time-limit.ts";
import { errorCode, failureOf, toUpstreamError } from "./classify.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { UpstreamError } from "./error.ts";
import type { Origin } from "./http-request.ts";

export interface ConnectOptions {
  /** ms until the connection stands, TLS included. */
  timeoutMs: number;
  signal: Abortable;
  /** Certificate authorities other than the system's (tests, private servers). */
  tls?: TLSOptions;
}

/** Opens a connection; TLS is verified for chain and name. Rejects with UpstreamError: refused, dns, tls, timeout, reset, local. */
export async function connect(origin: Origin, owner: ConnectionOwner, options: ConnectOptions): Promise<Connection> {
  const dial = new Dial(origin, owner);
  const late = (): void => dial.fail(new UpstreamError(failureOf("timeout", "connect")));
  const liftLimit = startTimeLimit(options.timeoutMs, late);
  const onAbort = (): void => dial.fail(new UpstreamError(failureOf("local", "aborted", "the call was ended")));
  options.signal.addEventListener("abort", onAbort, { once: true });
  const tls = { ...options.tls, rejectUnauthorized: true, ALPNProtocols: "http/1.1" };
  Bun.connect<Connection>({
    hostname: origin.hostname,
    port: origin.port,
    data: dial.connection,
    socket: dial.handlers(),
    ...(origin.tls ? { tls } : {}),
  }).catch((error: unknown) => dial.fail(connectError(error)));
  try {
    return await dial.result.promise;
  } finally {
    liftLimit();
    options.signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Why no connection came about. The runtime calls it a refusal, too, when this process has no file descriptor left; that is our own fault, for
 * which no provider's breaker may open.
 */
function connectError(error: unknown): UpstreamError {
  if (hasFreeDescriptor()) return toUpstreamError(error, "refused");
  return new UpstreamError(failureOf("local", "EMFILE"), error);
}

function hasFreeDescriptor(): boolean {
  try {
    closeSync(openSync(devNull, "r"));
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EMFILE" || code === "ENFILE") return false;
    throw error;
  }
}

/** One attempt to connect: decided once, by whatever happens first. */
class Dial {
  readonly connection: Connection;
  readonly result = Promise.withResolvers<Connection>();
  readonly #tls: boolean;
  #socket: Socket<Connection> | null = null;
  #decided = false;

  constructor(origin: Origin, owner: ConnectionOwner) {
    this.connection = new Connection(origin, owner);
    this.#tls = origin.tls;
  }

  fail(error: UpstreamError): void {
    if (this.#decided) return;
    this.#decided = true;
    this.result.reject(error);
    this.#socket?.terminate();
  }

  handlers(): SocketHandler<Connection> {
    return {
      open: (socket) => this.#opened(socket),
      handshake: (socket, isTrusted, error) => {
        if (isTrusted && socket.authorized) this.#succeed();
        else this.fail(new UpstreamError(failureOf("tls", errorCode(error)), error));
      },
      data: (socket, chunk) => socket.data.onData(chunk),
      drain: (socket) => socket.data.onDrain(),
      timeout: (socket) => socket.data.onTimeout(),
      error: (socket, error) => socket.data.onClose(error),
      close: (socket, error) => {
        this.fail(toUpstreamError(error, this.#tls ? "tls" : "reset"));
        socket.data.onClose(error);
      },
    };
  }

  #opened(socket: Socket<Connection>): void {
    // The attempt may have been given up while the system was still connecting.
    if (this.#decided) return socket.terminate();
    this.#socket = socket;
    socket.setNoDelay(true);
    this.connection.attach(socket);
    if (!this.#tls) this.#succeed();
  }

  #succeed(): void {
    if (this.#decided) return;
    this.#decided = true;
    this.result.resolve(this.connection);
  }
}
