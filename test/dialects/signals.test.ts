import { expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { signalsOf } from "../../src/dialects/shared/signals.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { scanObject } from "../../src/wire/scan.ts";
import { ROUTE } from "../matrix/carry.ts";

const ASKED = "Refactor this: ```let x```";
const ANSWERED = "Done.";
const CLOSING = "Now explain it.";
const RULES = "Be brief.";

/** One conversation, as each dialect writes it: instructions, and three turns. */
const CONVERSATION: Readonly<Record<DialectId, JsonObject>> = {
  "openai-chat": {
    messages: [
      { role: "system", content: RULES },
      { role: "user", content: ASKED },
      { role: "assistant", content: ANSWERED },
      { role: "user", content: [{ type: "text", text: CLOSING }] },
    ],
    tools: [{ type: "function", function: { name: "f" } }],
    reasoning_effort: "high",
  },
  "openai-responses": {
    instructions: RULES,
    input: [
      { role: "user", content: ASKED },
      { role: "assistant", content: [{ type: "output_text", text: ANSWERED }] },
      { role: "user", content: [{ type: "input_text", text: CLOSING }] },
    ],
    tools: [{ type: "function", name: "f" }],
    reasoning: { effort: "high" },
  },
  "anthropic-messages": {
    system: [{ type: "text", text: RULES }],
    max_tokens: 9,
    messages: [
      { role: "user", content: ASKED },
      { role: "assistant", content: ANSWERED },
      { role: "user", content: [{ type: "text", text: CLOSING }] },
    ],
    tools: [{ name: "f", input_schema: {} }],
    output_config: { effort: "high" },
  },
  gemini: {
    systemInstruction: { parts: [{ text: RULES }] },
    contents: [
      { role: "user", parts: [{ text: ASKED }] },
      { role: "model", parts: [{ text: ANSWERED }] },
      { role: "user", parts: [{ text: CLOSING }] },
    ],
    tools: [{ functionDeclarations: [{ name: "f" }] }],
    generationConfig: { thinkingConfig: { thinkingLevel: "HIGH" } },
  },
};

test.each(Object.keys(CONVERSATION) as DialectId[])("%s: the classifier is told what every dialect tells it", (id) => {
  const body = Buffer.from(JSON.stringify(CONVERSATION[id]));
  expect(DIALECTS[id].hints(scanObject(body), ROUTE).signals()).toEqual({
    turns: 3,
    characters: (RULES + ASKED + ANSWERED + CLOSING).length,
    lastUserText: CLOSING,
    tools: 1,
    hasCode: true,
    reasoningEffort: "high",
  });
});

test("a last turn without words, such as the result of a tool, leaves the words before it the last ones", () => {
  const said = [
    { by: "user" as const, text: "Which city?" },
    { by: "other" as const, text: "" },
    { by: "user" as const, text: "" },
  ];
  expect(signalsOf(said, { tools: 0, reasoningEffort: null }).lastUserText).toBe("Which city?");
});
