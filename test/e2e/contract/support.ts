/** A profile as it is shipped, with a scripted provider behind each of its URLs. */
import { PROFILES } from "../../../src/catalog-holder.ts";
import { type GatewayOptions, startGateway, type TestGateway } from "../../support/gateway.ts";
import {
  anthropicReply,
  chatReply,
  geminiReply,
  type RecordedRequest,
  responsesReply,
  startUpstream,
  type Upstream,
} from "../../support/upstream.ts";

export interface Profile extends AsyncDisposable {
  gateway: TestGateway;
  /** OpenAI, chat and Responses, and every compatible server. */
  openai: Upstream;
  anthropic: Upstream;
  google: Upstream;
  /** Requests that any provider has got. */
  sent(): RecordedRequest[];
}

export interface ProfileOptions extends Omit<GatewayOptions, "profile" | "catalog"> {
  /** Changes the text of the profile before it is used. */
  edit?: (yaml: string) => string;
}

/** Starts the gateway with a built-in profile. Providers answer in their own formats, unless a test scripts them otherwise. */
export async function startProfile(name: string, options: ProfileOptions = {}): Promise<Profile> {
  const { edit, env, ...rest } = options;
  const [openai, anthropic, google] = await Promise.all([startUpstream(), startUpstream(), startUpstream()]);
  openai.always((request) => (request.path.endsWith("/responses") ? responsesReply() : chatReply())(request));
  anthropic.always(anthropicReply());
  google.always(geminiReply());
  const source: GatewayOptions =
    edit === undefined ? { profile: name } : { catalog: edit(String(PROFILES[name]).replace(/^# yaml-lang.*$/m, "")) };
  const gateway = await startGateway({
    ...rest,
    ...source,
    env: {
      TOLLGATE_OPENAI_URL: `${openai.url}/v1`,
      TOLLGATE_MISTRAL_URL: `${openai.url}/v1`,
      TOLLGATE_FLASH_URL: `${openai.url}/v1`,
      TOLLGATE_ANTHROPIC_URL: anthropic.url,
      TOLLGATE_GOOGLE_URL: google.url,
      OPENAI_API_KEY: "operator-openai",
      ANTHROPIC_API_KEY: "operator-anthropic",
      GEMINI_API_KEY: "operator-google",
      MISTRAL_API_KEY: "operator-mistral",
      ...env,
    },
  });
  return {
    gateway,
    openai,
    anthropic,
    google,
    sent: () => [...openai.requests, ...anthropic.requests, ...google.requests],
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      for (const upstream of [openai, anthropic, google]) upstream.stop();
    },
  };
}

export const hello = (model: string, more: object = {}): object => ({
  model,
  max_tokens: 100,
  messages: [{ role: "user", content: "Say hello." }],
  ...more,
});

type Json = Record<string, unknown>;

/** The JSON object of an answer. */
export async function bodyOf(answer: Response): Promise<Json> {
  return JSON.parse(await answer.text()) as Json;
}

/** A value deep inside of another: `at(body, "choices.0.message")`; undefined where the path ends early. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Json)[name];
  }
  return found;
}

export interface StreamFrame {
  event: string | null;
  data: Json;
}

/** The frames of a whole SSE answer with JSON in them: comments and `[DONE]` are left out. */
export async function framesOf(answer: Response): Promise<StreamFrame[]> {
  const frames: StreamFrame[] = [];
  for (const block of (await answer.text()).split(/\r?\n\r?\n/)) {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined || data === "[DONE]") continue;
    frames.push({ event: /^event: (.*)$/m.exec(block)?.[1] ?? null, data: JSON.parse(data) as Json });
  }
  return frames;
}
