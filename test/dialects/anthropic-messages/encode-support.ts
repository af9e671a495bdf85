/** Requests of a chat client, for the tests of encoding them toward Anthropic. */
import { expect } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import type { GenerateRequest, Part, Turn } from "../../../src/ir/request.ts";
import type { TargetFacts } from "../../../src/ir/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { REQUEST, TARGET } from "./support.ts";

export const text = (value: string, path = "p"): Part => ({ type: "text", text: value, path });
export const turn = (role: Turn["role"], ...parts: Part[]): Turn => ({ role, parts, path: "t" });
export const user = (value: string): Turn => turn("user", text(value));
export const call = (id: string, args = "{}"): Part => ({
  type: "tool-call",
  kind: "function",
  id,
  name: "f",
  arguments: args,
  path: "p",
});
export const result = (toolId: string, ...content: Part[]): Part => ({
  type: "tool-result",
  kind: "function",
  toolId,
  name: "f",
  content,
  isError: false,
  path: "p",
});
export const tool = { kind: "function" as const, name: "f", schema: { type: "object" }, path: "tools[0]" };

/** A chat client's request. */
export const chat = (fields: Partial<GenerateRequest>): GenerateRequest => ({
  ...REQUEST,
  origin: "openai-chat",
  extras: { origin: "openai-chat", fields: {} },
  ...fields,
});
export const without = (...missing: string[]): TargetFacts => ({
  ...TARGET,
  capabilities: new Set([...TARGET.capabilities].filter((name) => !missing.includes(name))),
});

export function encode(
  fields: Partial<GenerateRequest>,
  target = TARGET,
): { body: JsonObject; lost: string[]; headers: Record<string, string> } {
  const encoded = anthropicMessages.encodeRequest(chat(fields), target);
  expect(encoded.path).toBe("/v1/messages");
  return { body: encoded.body, lost: encoded.losses.map((loss) => loss.field), headers: encoded.headers ?? {} };
}
export const messagesOf = (turns: Turn[], target = TARGET): JsonObject["messages"] =>
  encode({ turns }, target).body.messages;

/** Content of one message of an encoded body. */
export function contentOf(body: JsonObject, index: number): JsonObject[] {
  const message = (body.messages as JsonObject[])[index];
  return (message?.content ?? []) as JsonObject[];
}
