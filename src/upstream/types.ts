import type { Abortable } from "../lib/abort.ts";
import type { HeaderSource } from "../wire/header-fields.ts";

/** One outbound HTTP request. All outbound HTTP of inference goes through a Sender, so that the client behind it can be replaced. */
export interface OutboundRequest {
  method: "POST" | "GET" | "DELETE";
  url: string;
  /** Built from an allow-list by providers/; lower-case names. */
  headers: Record<string, string>;
  body: Uint8Array | string | null;
  /** Aborts the request and the body; the socket is closed within 500 ms. */
  signal: Abortable;
  /** ms until a connection stands, TLS included. How long the answer may take is the caller's to time, through `signal`. */
  connectTimeoutMs: number;
}

export interface InboundAnswer {
  status: number;
  headers: HeaderSource;
  /** Next chunk of the body, or null at its clean end. Rejects with UpstreamError (reset, truncated). Pull-driven: no read, no buffering. */
  read(): Promise<Uint8Array | null>;
  /**
   * The next chunk if it is there, null at the clean end; undefined when there is none yet: then `ready` is called once there is, but never before this
   * returns. Throws what `read` rejects with. The latest `poll` or `read` takes the place of one that waits.
   */
  poll?(ready: () => void): Uint8Array | null | undefined;
  /** Drops the body and the connection. */
  cancel(): void;
}

/** Rejects with UpstreamError only. */
export interface Sender {
  send(request: OutboundRequest): Promise<InboundAnswer>;
}
