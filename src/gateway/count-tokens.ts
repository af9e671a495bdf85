import { DIALECTS } from "../dialects/index.ts";
import { DecodeError, unsupportedFeature } from "../ir/error.ts";
import { parseJson } from "../lib/json.ts";
import type { Target } from "../routing/types.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { LiveCall } from "./live-call.ts";
import { readAll, sendAndRead } from "./open.ts";
import { translated } from "./prepare.ts";

/**
 * Input tokens of a generate request: the provider's own count where it speaks the client's dialect and can count, else counted here. Free, and
 * never an error because a provider is down.
 */
export async function countTokens(live: LiveCall, target: Target): Promise<number> {
  const { dialect } = live.call;
  const codec = dialect.count;
  if (codec === undefined) throw unsupportedFeature(null, "Tokens can't be counted in this API.");
  const request = codec.decodeRequest(live.body, { route: live.call.route, seals: live.seals });
  live.replaceRequest(request);
  live.target = target;
  const own = DIALECTS[target.dialect].count;
  if (own === undefined || target.provider.kind === "echo") return live.deps.tokens.countInput(live, target);
  const prepared = translated(target, own.encodeRequest(request, target.facts));
  try {
    return await sendAndRead(live, prepared, live.call.request.signal, async (answer) => {
      const bytes = await readAll(answer, live.deps.settings.maxAnswerBytes);
      return own.decodeAnswer(parseJson(new TextDecoder().decode(bytes)));
    });
  } catch (error) {
    if (!(error instanceof UpstreamError || error instanceof DecodeError || error instanceof SyntaxError)) throw error;
    live.deps.log.info("the provider did not count; counted here", { request_id: live.call.requestId });
    return live.deps.tokens.countInput(live, target);
  }
}
