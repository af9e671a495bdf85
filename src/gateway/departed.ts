import { UpstreamError } from "../upstream/error.ts";
import type { InboundAnswer } from "../upstream/types.ts";
import { settleCall, settleUnseen } from "./closing.ts";
import type { LiveCall } from "./live-call.ts";
import type { OpenedStream } from "./open.ts";

/** Where a stream stood when its client left. */
export interface Departure {
  opening: Promise<OpenedStream>;
  /** Null: no content had come yet. */
  opened: OpenedStream | null;
  /** Content had been handed over. */
  delivered: boolean;
  /** The next chunk, also one that the stream itself had begun to wait for. */
  read(source: InboundAnswer): Promise<Uint8Array | null>;
}

/**
 * Ends a stream whose client has left, after `leaveCall` has decided how: cut off and billed for what was delivered, or read on to the
 * provider's usage. Resolves when it is settled.
 */
export async function endDeparted(live: LiveCall, departure: Departure): Promise<void> {
  const drains = live.drainTimer !== null;
  const opened = departure.opened ?? (await lateAnswer(departure.opening));
  try {
    const whole = drains && opened !== null && (await drain(opened, departure.read));
    live.answerLosses = opened?.pipe.losses ?? [];
    if (!departure.delivered) await settleUnseen(live, whole);
    else await settleCall(live, { state: "client_disconnect", absorb: false, status: 499, errorCode: null, whole });
  } finally {
    opened?.source.cancel();
    if (live.drainTimer !== null) clearTimeout(live.drainTimer);
  }
}

/** Null when the attempts, cut off or failed, gave none. */
async function lateAnswer(opening: Promise<OpenedStream>): Promise<OpenedStream | null> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof UpstreamError) return null;
    throw error;
  }
}

/** True when the answer came to its end in time. */
async function drain(opened: OpenedStream, read: Departure["read"]): Promise<boolean> {
  const { pipe, source } = opened;
  try {
    while (!opened.ended && !pipe.hasEnded && pipe.failure === null) {
      const chunk = await read(source);
      opened.ended = chunk === null;
      if (chunk === null) pipe.end();
      else pipe.push(chunk);
    }
    return pipe.failure === null;
  } catch (error) {
    if (error instanceof UpstreamError) return false;
    throw error;
  }
}
