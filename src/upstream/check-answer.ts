import { isKnownEncoding } from "../wire/decode-body.ts";
import { failureOf } from "./classify.ts";
import { DecodedAnswer } from "./decoded-answer.ts";
import { UpstreamError } from "./error.ts";
import type { InboundAnswer } from "./types.ts";

/**
 * What every sender does with an answer's head: a redirect is an error (a provider's key never follows one), and a body that was
 * compressed though `identity` was asked for is decoded under limits. Throws UpstreamError.
 */
export function checkAnswer(answer: InboundAnswer): InboundAnswer {
  if (answer.status >= 300 && answer.status < 400) {
    answer.cancel();
    throw new UpstreamError(failureOf("bad_answer", "redirect", "the provider answered with a redirect"));
  }
  const encoding = (answer.headers.get("content-encoding") ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return answer;
  if (!isKnownEncoding(encoding)) {
    answer.cancel();
    throw new UpstreamError(failureOf("bad_answer", "encoding", "the provider's answer has an unknown encoding"));
  }
  return new DecodedAnswer(answer, encoding);
}
