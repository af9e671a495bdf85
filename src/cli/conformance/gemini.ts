import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { countAt, expectThat, frameObject, objectAt, objectsAt, textAt } from "./expect.ts";
import type { Ask, Frame, Reading, Speaker, ToolCall, Turn } from "./types.ts";

/** Gemini generateContent (ai.google.dev/api/generate-content). */
export const gemini: Speaker = {
  id: "gemini",
  authorization: (key) => ({ "x-goog-api-key": key }),
  path: (model, mode) =>
    `/v1beta/models/${model}:${mode === "stream" ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  body: (ask) => ({ contents: ask.turns.map(contentOf), ...optional(ask) }),
  readJson: (body) => readChunks([body]),
  readStream: (frames: Frame[]) => readChunks(frames.map((frame) => frameObject(frame.data))),
  readError(body, status) {
    const error = objectAt(body, "error");
    expectThat(error["code"] === status, "error.code should be the status", error["code"]);
    textAt(error, "message");
    return textAt(error, "status");
  },
  withoutTurns: () => ({ contents: 7 }),
  list: {
    path: "/v1beta/models?pageSize=1000",
    headers: {},
    ids: (body) => objectsAt(body, "models").map((item) => textAt(item, "name").replace(/^models\//, "")),
  },
  finishes: { text: ["STOP"], tools: ["STOP"] },
  count: {
    path: (model) => `/v1beta/models/${model}:countTokens`,
    body: (ask) => ({ contents: ask.turns.map(contentOf) }),
    tokens: (body) => countAt(body, "totalTokens"),
  },
};

function optional(ask: Ask): JsonObject {
  const declarations = ask.tools?.map(({ name, description, parameters }) => ({
    name,
    description,
    parametersJsonSchema: parameters,
  }));
  return {
    ...(declarations === undefined ? {} : { tools: [{ functionDeclarations: declarations }] }),
    ...(ask.mustCall === true ? { toolConfig: { functionCallingConfig: { mode: "ANY" } } } : {}),
    ...(ask.schema === undefined
      ? {}
      : { generationConfig: { responseMimeType: "application/json", responseJsonSchema: ask.schema } }),
  };
}

function contentOf(turn: Turn): JsonValue {
  if (turn.role === "user") return { role: "user", parts: [{ text: turn.text }] };
  if (turn.role === "assistant") return { role: "model", parts: turn.native };
  return { role: "user", parts: turn.results.map(({ call, text }) => ({ functionResponse: response(call, text) })) };
}

/** The id is optional in this dialect; calls without one are matched by name and order. */
const response = ({ id, name }: ToolCall, text: string): JsonObject => ({
  ...(id === "" ? {} : { id }),
  name,
  response: { output: text },
});

function readChunks(chunks: JsonObject[]): Reading {
  const parts: JsonObject[] = [];
  let finish = "";
  let usage: Reading["usage"] = null;
  for (const chunk of chunks) {
    for (const candidate of objectsAt(chunk, "candidates", true)) {
      const { content, finishReason } = candidate;
      if (isObject(content)) parts.push(...objectsAt(content, "parts", true));
      if (typeof finishReason === "string") finish = finishReason;
    }
    if (chunk["usageMetadata"] !== undefined) usage = usageOf(objectAt(chunk, "usageMetadata"));
  }
  expectThat(finish !== "", "a candidate should carry a finishReason");
  const calls = parts
    .filter((part) => part["functionCall"] !== undefined)
    .map((part): ToolCall => {
      const { id, name, args } = objectAt(part, "functionCall");
      return { id: typeof id === "string" ? id : "", name: String(name), arguments: isObject(args) ? args : {} };
    });
  const text = parts.map((part) => (typeof part["text"] === "string" && part["thought"] !== true ? part["text"] : ""));
  return { text: text.join(""), calls, finish, usage, native: parts };
}

/** Zero counts are left out on this wire (ProtoJSON). */
function usageOf(usage: JsonObject): NonNullable<Reading["usage"]> {
  const count = (name: string): number => (usage[name] === undefined ? 0 : countAt(usage, name));
  return { input: count("promptTokenCount"), output: count("candidatesTokenCount") + count("thoughtsTokenCount") };
}
