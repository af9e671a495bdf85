import type { RouteFacts } from "../../dialects/dialect.ts";
import type { Operation } from "../../gateway/types.ts";
import { GatewayError, invalidRequest } from "../../ir/error.ts";
import { queryOf } from "../peer.ts";
import { GEMINI_ACTIONS } from "./served.ts";

export interface GeminiCall {
  operation: Operation;
  action: string;
  route: RouteFacts;
}

/**
 * Reads `{model}:{action}` as it stands behind `models/`: decoded once, cut at the last colon, since ids may hold slashes and colons.
 * Throws GatewayError 404 for an unknown action, 400 for a path that can't be decoded.
 */
export function readGeminiPath(rest: string, url: string): GeminiCall {
  const path = decodePath(rest);
  const colon = path.lastIndexOf(":");
  const action = colon < 0 ? "" : path.slice(colon + 1);
  const known = Object.hasOwn(GEMINI_ACTIONS, action) ? GEMINI_ACTIONS[action] : undefined;
  if (known === undefined || colon <= 0) {
    const served = Object.keys(GEMINI_ACTIONS);
    throw new GatewayError({
      status: 404,
      code: "not_found",
      message: `No such method of a model; served are ${served.join(", ")}.`,
      details: { served },
    });
  }
  const sse = !known.stream || new URLSearchParams(queryOf(url)).get("alt") === "sse";
  return {
    operation: known.operation,
    action,
    route: { model: path.slice(0, colon), stream: known.stream, sse, headers: {} },
  };
}

/** Percent-decoding that tells bad input instead of throwing a URIError. */
export function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw invalidRequest(null, "The path is not validly percent-encoded.");
    throw error;
  }
}
