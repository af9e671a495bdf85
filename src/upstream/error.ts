import type { UpstreamFailure } from "../ir/error.ts";

/** Carries a failure of one attempt through promises. */
export class UpstreamError extends Error {
  readonly failure: UpstreamFailure;
  constructor(failure: UpstreamFailure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.name = "UpstreamError";
    this.failure = failure;
  }
}
