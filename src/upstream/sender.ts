import { FetchSender } from "./fetch-sender.ts";
import type { Sender } from "./types.ts";

/** The sender of all outbound inference HTTP. */
export function createSender(): Sender {
  return new FetchSender();
}
