import { FetchSender } from "./fetch-sender.ts";
import { PooledSender, type PooledSenderOptions } from "./pooled-sender.ts";
import type { Sender } from "./types.ts";

export interface SenderOptions extends PooledSenderOptions {
  /** Providers are reached through the proxy that HTTP_PROXY or HTTPS_PROXY name: only the runtime's fetch speaks to proxies. */
  useProxy?: boolean;
}

/** The sender of all outbound inference HTTP. */
export function createSender(options: SenderOptions = {}): Sender {
  return options.useProxy === true ? new FetchSender() : new PooledSender(options);
}
