/**
 * What models refuse, told by flags of their catalog rows and never by their names: the official Node SDKs ask for all of it, the scripted
 * provider refuses it as the real one would, and the call succeeds with the losses told.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ThinkingLevel } from "@google/genai";
import { isObject, type JsonObject } from "../../../src/lib/json.ts";
import { startGateway } from "../../support/gateway.ts";
import { type RecordedRequest, startUpstream } from "../../support/upstream.ts";
import { auditRows } from "../../gateway/support.ts";
import { Bed, PROVIDERS, type ProviderName } from "./bed.ts";
import { anthropicClient } from "./clients/anthropic.ts";
import { failureOf } from "./clients/client.ts";
import { googleClient } from "./clients/google.ts";
import { openaiClient } from "./clients/openai.ts";
import { list } from "./rules/check.ts";

/** A flag of a model row, and what its provider then says no to. */
interface Flag {
  row: string;
  refused(body: JsonObject): boolean;
  /** Where the flag means nothing. */
  not?: readonly ProviderName[];
}

const objectAt = (body: JsonObject, name: string): JsonObject => (isObject(body[name]) ? body[name] : {});
const configOf = (body: JsonObject): JsonObject => objectAt(body, "generationConfig");
const hasAny = (object: JsonObject, names: readonly string[]): boolean => names.some((name) => name in object);
const OPENAI = ["openai", "responses", "compatible"] as const;

const FLAGS = {
  sampling: {
    row: "sampling: false",
    refused: (body) =>
      hasAny(body, ["temperature", "top_p", "top_k"]) || hasAny(configOf(body), ["temperature", "topP", "topK"]),
  },
  adaptive: {
    row: "thinking: adaptive",
    refused: (body) =>
      objectAt(body, "thinking")["type"] === "enabled" ||
      "thinkingBudget" in objectAt(configOf(body), "thinkingConfig"),
    not: OPENAI,
  },
  budget: {
    row: "thinking: budget",
    refused: (body) =>
      objectAt(body, "thinking")["type"] === "adaptive" ||
      "thinkingLevel" in objectAt(configOf(body), "thinkingConfig"),
    not: OPENAI,
  },
  prefill: {
    row: "prefill: false",
    refused: (body) => {
      const turns = list(body["messages"] ?? body["contents"] ?? body["input"]);
      return ["assistant", "model"].includes(String(turns.at(-1)?.["role"]));
    },
  },
  oldCap: {
    row: "max_tokens_field: max_tokens",
    refused: (body) => "max_completion_tokens" in body,
    not: ["responses", "anthropic", "gemini"],
  },
  newCap: {
    row: "max_tokens_field: max_completion_tokens",
    refused: (body) => "max_tokens" in body,
    not: ["responses", "anthropic", "gemini"],
  },
} as const satisfies Record<string, Flag>;
type FlagName = keyof typeof FLAGS;
const NAMES = Object.keys(FLAGS) as FlagName[];

const modelFor = (flag: FlagName | "none", provider: ProviderName): string => `${flag.toLowerCase()}-${provider}`;

/** Upstream names that say the opposite of the flags, for anybody who should read them. */
function catalogFor(origin: string): string {
  const kinds = {
    openai: "openai",
    responses: "openai-responses",
    anthropic: "anthropic",
    gemini: "gemini",
    compatible: "openai-compatible",
  };
  const row = (id: string, provider: ProviderName, upstream: string, more: string): string =>
    `  - {id: ${id}, provider: ${provider}, upstream: ${upstream}, context: 200000, max_output: 32000, capabilities: [tools, reasoning], ${more}price: {input: 1.00, output: 4.00}}`;
  const flagged = NAMES.flatMap((name) =>
    PROVIDERS.map((provider) => row(modelFor(name, provider), provider, "gpt-4o", `${FLAGS[name].row}, `)),
  );
  const plain = PROVIDERS.map((provider) =>
    row(modelFor("none", provider), provider, "gpt-6-claude-opus-5-gemini-3", ""),
  );
  return `
access: {auth: required, limits: {requests_per_minute: 0}}
routing: {retries: 0, breaker: {enabled: false}}
providers:
${PROVIDERS.map((name) => `  ${name}: {kind: ${kinds[name]}, base_url: "${origin}/${name}", api_key: "k-${name}"}`).join("\n")}
models:
${[...flagged, ...plain].join("\n")}
`;
}

let bed: Bed;
beforeAll(async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway({ catalog: catalogFor(upstream.url) });
  const made = await gateway.createKey({ credit: "1000.00" });
  bed = new Bed(gateway, upstream, made.key, made.accountId);
});
afterAll(async () => {
  await bed[Symbol.asyncDispose]();
});

const CITY = "Name a city.";
const START = "A city is";

/** What each SDK sends to run into a flag; gives the text of the answer. */
type Ask = (flag: FlagName, model: string, stream: boolean) => Promise<string>;

const chat: Ask = async (flag, model, stream) => {
  const turns = [
    { role: "user" as const, content: CITY },
    { role: "assistant" as const, content: START },
  ];
  const params = {
    model,
    messages: flag === "prefill" ? turns : turns.slice(0, 1),
    ...(flag === "sampling" ? { temperature: 0.3, top_p: 0.9 } : {}),
    ...(flag === "oldCap" ? { max_completion_tokens: 3000 } : {}),
    ...(flag === "newCap" ? { max_tokens: 3000 } : {}),
    ...(flag === "adaptive" || flag === "budget" ? { reasoning_effort: "high" as const } : {}),
  };
  const { completions } = openaiClient(bed).chat;
  const answer = stream ? await completions.stream(params).finalChatCompletion() : await completions.create(params);
  return answer.choices[0]?.message.content ?? "";
};

const responses: Ask = async (flag, model, stream) => {
  const turns = [
    { role: "user" as const, content: CITY },
    { role: "assistant" as const, content: START },
  ];
  const params = {
    model,
    store: false,
    input: flag === "prefill" ? turns : turns.slice(0, 1),
    ...(flag === "sampling" ? { temperature: 0.3, top_p: 0.9 } : {}),
    ...(flag === "oldCap" || flag === "newCap" ? { max_output_tokens: 3000 } : {}),
    ...(flag === "adaptive" || flag === "budget" ? { reasoning: { effort: "high" as const } } : {}),
  };
  const api = openaiClient(bed).responses;
  const answer = stream ? await api.stream(params).finalResponse() : await api.create(params);
  return answer.output_text;
};

const messages: Ask = async (flag, model, stream) => {
  const turns = [
    { role: "user" as const, content: CITY },
    { role: "assistant" as const, content: START },
  ];
  const params = {
    model,
    max_tokens: 8000,
    messages: flag === "prefill" ? turns : turns.slice(0, 1),
    ...(flag === "sampling" ? { temperature: 0.3, top_p: 0.9, top_k: 20 } : {}),
    ...(flag === "adaptive" ? { thinking: { type: "enabled" as const, budget_tokens: 2048 } } : {}),
    ...(flag === "budget" ? { thinking: { type: "adaptive" as const } } : {}),
  };
  const api = anthropicClient(bed).messages;
  const answer = stream ? await api.stream(params).finalMessage() : await api.create(params);
  return answer.content.map((block) => (block.type === "text" ? block.text : "")).join("");
};

const contents: Ask = async (flag, model, stream) => {
  const turns = [
    { role: "user", parts: [{ text: CITY }] },
    { role: "model", parts: [{ text: START }] },
  ];
  const params = {
    model,
    contents: flag === "prefill" ? turns : turns.slice(0, 1),
    config: {
      ...(flag === "sampling" ? { temperature: 0.3, topP: 0.9, topK: 20 } : {}),
      ...(flag === "adaptive" ? { thinkingConfig: { thinkingBudget: 2048, includeThoughts: true } } : {}),
      ...(flag === "budget" ? { thinkingConfig: { thinkingLevel: ThinkingLevel.HIGH } } : {}),
      ...(flag === "oldCap" || flag === "newCap" ? { maxOutputTokens: 3000 } : {}),
    },
  };
  const { models } = googleClient(bed);
  if (!stream) return (await models.generateContent(params)).text ?? "";
  let text = "";
  for await (const chunk of await models.generateContentStream(params)) text += chunk.text ?? "";
  return text;
};

/** With what the flag is about where the SDK's own API has it; an effort or a cap under another name is no loss. */
const CLIENTS: readonly { name: string; ask: Ask; loses: readonly FlagName[] }[] = [
  { name: "openai chat", ask: chat, loses: ["sampling", "prefill"] },
  { name: "openai responses", ask: responses, loses: ["sampling", "prefill"] },
  { name: "@anthropic-ai/sdk", ask: messages, loses: ["sampling", "adaptive", "prefill"] },
  { name: "@google/genai", ask: contents, loses: ["sampling", "adaptive", "prefill"] },
];

const isRefused = (name: FlagName, request: RecordedRequest): boolean => FLAGS[name].refused(request.json());
const appliesTo = (name: FlagName, provider: ProviderName): boolean => {
  const flag: Flag = FLAGS[name];
  return flag.not?.includes(provider) !== true;
};

for (const { name: client, ask, loses } of CLIENTS) {
  describe(client, () => {
    for (const flag of NAMES) {
      for (const provider of PROVIDERS.filter((item) => appliesTo(flag, item))) {
        test.each([false, true])(`${FLAGS[flag].row} at ${provider}, streamed: %p`, async (stream) => {
          bed.script({ text: "Oslo" });
          bed.extraRule = (request) => (isRefused(flag, request) ? [`${FLAGS[flag].row}: refused`] : []);
          expect(await ask(flag, modelFor(flag, provider), stream)).toContain("Oslo");
          expect(bed.violations).toEqual([]);
          if (!loses.includes(flag)) return;
          const [row] = await auditRows(bed.gateway, { id: "", key: bed.key, accountId: bed.accountId });
          expect([row?.status, row?.losses.length]).toEqual([200, expect.any(Number)]);
          expect(row?.losses).not.toEqual([]);
        });
      }
    }

    test("what no flag speaks of is sent on, whatever the model's name", async () => {
      for (const provider of PROVIDERS) {
        bed.script({ text: "Oslo" });
        // Anthropic's SDK of today names a version of the API that takes none of it from anybody.
        await ask("sampling", modelFor("none", provider), false).catch(failureOf);
        expect([provider, isRefused("sampling", bed.last)]).toEqual([provider, true]);
        bed.script({ text: "Oslo" });
        await ask("prefill", modelFor("none", provider), false);
        expect([provider, isRefused("prefill", bed.last)]).toEqual([provider, true]);
      }
    });
  });
}
