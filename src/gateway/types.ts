import type { Dialect, RouteFacts } from "../dialects/dialect.ts";
import type { Principal } from "../gates/types.ts";

export type Operation = "generate" | "embed" | "image" | "count";

/** One inference call as the HTTP layer hands it over: authenticated, its body unread. */
export interface InferenceCall {
  dialect: Dialect;
  operation: Operation;
  route: RouteFacts;
  /** Path template for audit and metrics, such as `/v1/chat/completions`. */
  endpoint: string;
  request: Request;
  requestId: string;
  principal: Principal;
  /** Wall clock, ms. */
  receivedAt: number;
}

/** Runs calls. `handle` never rejects: every failure is an answer in the dialect of the client. */
export interface Gateway {
  handle(call: InferenceCall): Promise<Response>;
}
