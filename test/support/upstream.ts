/**
 * The scripted upstream: a provider that answers as a test tells it, over real TCP, and that can misbehave in every way of the fault matrix.
 *
 *     await using up = await startUpstream();
 *     up.reply(chatReply({ text: ["Hel", gate("middle"), "lo"] }));   // stream or JSON, as the request asks
 *     up.when("slow-model", faults.hangBeforeHeaders());
 *     …
 *     await up.gate("middle").reached;                                // lockstep: the upstream waits here
 *     up.gate("middle").open();
 *     const { finished, stepsSent } = await up.last.closed;           // when and how the caller went away
 */
export type { AnswerSpec, ToolCallSpec } from "./upstream/answer-spec.ts";
export { anthropicAnswer, anthropicError, anthropicReply, anthropicStream } from "./upstream/anthropic.ts";
export { chatAnswer, chatError, chatReply, chatStream } from "./upstream/chat.ts";
export type { Gate } from "./upstream/gates.ts";
export { geminiAnswer, geminiError, geminiReply, geminiStream } from "./upstream/gemini.ts";
export type { Closing, RecordedRequest } from "./upstream/request.ts";
export { responsesAnswer, responsesReply, responsesStream } from "./upstream/responses.ts";
export {
  type Cut,
  faults,
  frame,
  gate,
  type Handler,
  json,
  playFixture,
  type Reply,
  type Script,
  sse,
  type Step,
} from "./upstream/script.ts";
export { type Matcher, REFUSED_URL, startUpstream, Upstream, type UpstreamOptions } from "./upstream/server.ts";
