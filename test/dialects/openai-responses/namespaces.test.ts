/** Tools of namespaces at providers that have one list of names: what is called alike is told apart, and comes back under its own name. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../../src/dialects/index.ts";
import { nameInside } from "../../../src/dialects/lost-extras.ts";
import { DIALECT_IDS } from "../../../src/ir/dialect-id.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { foldEvents } from "../../../src/ir/fold.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { ROUTE, seals, targetOf } from "../../matrix/carry.ts";

const responses = DIALECTS["openai-responses"];
const parameters = { type: "object", properties: {} };
const tool = (name: string): JsonObject => ({ type: "function", name, parameters });
const space = (name: string, ...tools: JsonObject[]): JsonObject => ({ type: "namespace", name, tools });
const called = (namespace: string, name: string): JsonObject[] => [
  { type: "function_call", call_id: `c_${namespace}`, name, arguments: "{}", namespace },
  { type: "function_call_output", call_id: `c_${namespace}`, output: "r" },
];
const TOOLS = [space("files", tool("search"), tool("read")), space("mail", tool("search")), tool("stop")];
const body: JsonObject = {
  model: "m",
  input: [{ role: "user", content: "q" }, ...called("mail", "search"), ...called("files", "read")],
  tools: TOOLS,
  tool_choice: { type: "function", name: "search", namespace: "mail" },
};
const request = responses.decodeRequest(body, { route: ROUTE, seals });

describe("tools that are called alike", () => {
  for (const to of DIALECT_IDS.filter((id) => id !== "openai-responses")) {
    test(`have names of their own at ${to}, in declarations, calls and the choice`, () => {
      const { body: sent, losses } = DIALECTS[to].encodeRequest(request, targetOf(to));
      const names = [...JSON.stringify(sent).matchAll(/"name":"([^"]+)"/g)].map(([, name]) => name);
      expect(names.filter((name) => name === "files__search")).toHaveLength(1);
      expect(names.filter((name) => name === "mail__search").length).toBeGreaterThanOrEqual(2);
      expect(names).toContain("read");
      expect(names).not.toContain("search");
      expect(nameInside(request, losses)).toEqual([]);
    });
  }

  test("go back to their own dialect as they came", () => {
    const { body: sent } = responses.encodeRequest(request, targetOf("openai-responses"));
    expect(sent).toMatchObject({
      tools: TOOLS,
      tool_choice: body["tool_choice"],
      input: [{}, { name: "search", namespace: "mail" }, {}, { name: "read", namespace: "files" }, {}],
    });
  });

  test("are called by name and namespace, streamed or not", () => {
    const at = { choice: 0, part: 0 };
    const events: IrEvent[] = [
      { type: "message-start", id: "x", model: "m", created: 1 },
      { type: "tool-start", kind: "function", id: "c1", name: "files__search", ...at },
      { type: "arguments-delta", text: "{}", ...at },
      { type: "part-end", ...at },
      { type: "message-end", choice: 0, finish: { kind: "tool", raw: null } },
      { type: "response-end" },
    ];
    const context = {
      requestId: "r",
      created: 1,
      model: "m",
      request,
      body,
      route: ROUTE,
      seals,
      target: targetOf("anthropic-messages"),
      inputTokens: () => 1,
      stored: false,
    };
    const annotation = { costCents: null, extensionName: "tollgate", extension: null, usage: emptyUsage() };
    const item = { type: "function_call", name: "search", namespace: "files", call_id: "c1" };
    expect(responses.encodeAnswer(foldEvents(events), context, annotation, [])).toMatchObject({ output: [item] });
    const encoder = responses.createEncoder(context);
    const text = events.map((event) => encoder.push(event)).join("") + encoder.finish(annotation);
    expect(text).toContain('"name":"search","namespace":"files"');
    expect(text).not.toContain("files__search");
  });

  test("names stay short, and apart from names that are there already", () => {
    const long = "n".repeat(70);
    const { tools } = responses.decodeRequest(
      {
        model: "m",
        input: "q",
        tools: [space(long, tool("f")), space(`${long}2`, tool("f")), space("a", tool("g")), tool("g"), tool("a__g")],
      },
      { route: ROUTE, seals },
    );
    const names = tools.map(({ name }) => name);
    expect(new Set(names).size).toBe(5);
    expect(names.every((name) => name.length <= 64)).toBe(true);
  });
});
