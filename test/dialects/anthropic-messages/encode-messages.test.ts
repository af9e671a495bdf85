/** Conversations of other dialects as Anthropic wants them: roles calls and results, media, stable bytes. */
import { describe, expect, test } from "bun:test";
import type { Part } from "../../../src/ir/request.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { text, turn, user, call, result, encode, messagesOf, contentOf } from "./encode-support.ts";
import { FLAGS, TARGET } from "./support.ts";

describe("messages", () => {
  test("equal roles are merged; a conversation that begins with the assistant gets an opening", () => {
    const turns = [turn("assistant", text("A")), user("x"), user("y")];
    expect(encode({ turns })).toMatchObject({
      body: {
        messages: [
          { role: "user" },
          { role: "assistant", content: [{ type: "text", text: "A" }] },
          { role: "user", content: [{ text: "x" }, { text: "y" }] },
        ],
      },
      lost: ["messages"],
    });
  });

  test("parallel results stand together, first in the user message that follows the calls", () => {
    const turns = [
      user("go"),
      turn("assistant", call("a"), call("b")),
      turn("user", text("and now")),
      turn("user", result("a", text("1"))),
      turn("user", result("b", text("2"))),
    ];
    expect(messagesOf(turns)).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "a" },
          { type: "tool_use", id: "b" },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: "1" },
          { tool_use_id: "b", content: "2" },
          { text: "and now" },
        ],
      },
    ]);
  });

  test("tool ids are made acceptable, and repeated ones told apart, calls and results alike", () => {
    const turns = [
      user("go"),
      turn("assistant", call("call:1"), call("c0"), call("c0")),
      turn("user", result("call:1"), result("c0"), result("c0")),
    ];
    const { body } = encode({ turns });
    const ids = contentOf(body, 1).map((block) => String(block.id));
    expect(contentOf(body, 2).map((block) => String(block.tool_use_id))).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect(encode({ turns }).body).toEqual(body);
  });

  test("arguments that are no JSON object are wrapped, empty ones are an empty object", () => {
    const turns = [user("go"), turn("assistant", call("a", '{"x":'), call("b", ""), call("c", "[1]"))];
    const { body, lost } = encode({ turns });
    expect(contentOf(body, 1)).toMatchObject([
      { input: { INVALID_JSON: '{"x":' } },
      { input: {} },
      { input: { INVALID_JSON: "[1]" } },
    ]);
    expect(lost).toEqual(["p.arguments", "p.arguments"]);
  });

  test("big integers in arguments keep their digits", () => {
    const messages = messagesOf([user("go"), turn("assistant", call("a", '{"n":12345678901234567890}')), user("x")]);
    expect(JSON.stringify(messages)).toContain('{"n":12345678901234567890}');
  });

  test("instructions in mid-conversation are marked user text", () => {
    const { body, lost } = encode({ turns: [user("x"), turn("developer", text("Be kind."))] });
    expect(body.messages).toMatchObject([
      { role: "user", content: [{ text: "x" }, { text: "<system>\nBe kind.\n</system>" }] },
    ]);
    expect(lost).toEqual(["t"]);
  });

  test("empty text disappears, text of white space with a loss", () => {
    const { body, lost } = encode({
      turns: [user("x"), turn("assistant", text("")), turn("user", text(" \n"), text("y"))],
    });
    expect(body.messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "x" },
          { type: "text", text: "y" },
        ],
      },
    ]);
    expect(lost).toEqual(["p"]);
  });

  test("prefill: trimmed where it is taken, left out where it is refused", () => {
    const turns = [user("x"), turn("assistant", text("Sure: "))];
    expect(messagesOf(turns)).toMatchObject([{}, { role: "assistant", content: [{ text: "Sure:" }] }]);
    const { body, lost } = encode({ turns }, { ...TARGET, flags: { ...FLAGS, prefill: false } });
    expect([body.messages, lost]).toEqual([[{ role: "user", content: [{ type: "text", text: "x" }] }], ["t"]]);
  });

  test("a longer conversation extends the bytes of the shorter one", () => {
    const turns = [
      user("one"),
      turn("assistant", text("two"), call("a:1", '{"b":1,"a":2}')),
      turn("user", result("a:1", text("three"))),
      turn("assistant", text("four")),
      user("five"),
    ];
    const whole = JSON.stringify(messagesOf(turns));
    for (let length = 1; length < turns.length; length += 1) {
      const shorter = JSON.stringify(messagesOf(turns.slice(0, length))).slice(0, -1);
      expect(whole).toStartWith(shorter);
    }
  });
});

describe("system", () => {
  test("one plain text is a string, several are blocks", () => {
    expect(encode({ system: [text("a")] }).body.system).toBe("a");
    expect(encode({ system: [text("a"), text("b")] }).body.system).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
  });
});

describe("media", () => {
  const media = (fields: Partial<Extract<Part, { type: "media" }>>): Part => ({
    type: "media",
    kind: "image",
    source: { kind: "url", url: "https://example.com/a" },
    path: "p",
    ...fields,
  });
  const inline = (mediaType: string) => ({ kind: "inline" as const, mediaType, base64: "aGk=" });
  const cases: [string, Part, JsonObject | null, string[]][] = [
    ["image url", media({}), { type: "image", source: { type: "url", url: "https://example.com/a" } }, []],
    [
      "image bytes",
      media({ source: inline("image/png") }),
      { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
      [],
    ],
    [
      "image detail",
      media({ detail: "low" }),
      { type: "image", source: { type: "url", url: "https://example.com/a" } },
      ["p.detail"],
    ],
    ["tiff", media({ source: inline("image/tiff") }), null, ["p"]],
    ["odd url", media({ source: { kind: "url", url: "file:///etc/passwd" } }), null, ["p"]],
    ["audio", media({ kind: "audio", source: inline("audio/wav") }), null, ["p"]],
    [
      "pdf",
      media({ kind: "document", source: inline("application/pdf"), filename: "a.pdf" }),
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: "aGk=" }, title: "a.pdf" },
      [],
    ],
    [
      "text file",
      media({ kind: "document", source: inline("text/csv") }),
      { type: "document", source: { type: "text", media_type: "text/plain", data: "hi" } },
      [],
    ],
    ["word file", media({ kind: "document", source: inline("application/msword") }), null, ["p"]],
    ["foreign file", media({ source: { kind: "file", id: "f", origin: "gemini", realm: "google" } }), null, ["p"]],
  ];
  for (const [name, part, block, losses] of cases) {
    test(name, () => {
      const { body, lost } = encode({ turns: [turn("user", text("x"), part)] });
      const content = contentOf(body, 0);
      expect(content.slice(1)).toEqual(block === null ? [] : [block]);
      expect(lost).toEqual(losses);
    });
  }

  test("an image in a tool result stays", () => {
    const messages = messagesOf([user("x"), turn("assistant", call("a")), turn("user", result("a", media({})))]);
    expect(messages).toMatchObject([{}, {}, { content: [{ type: "tool_result", content: [{ type: "image" }] }] }]);
  });

  test("a file of Anthropic's own needs its beta", () => {
    const own = media({ source: { kind: "file", id: "f", origin: "anthropic-messages", realm: null } });
    expect(encode({ turns: [turn("user", own)] }).headers["anthropic-beta"]).toBe("files-api-2025-04-14");
  });
});
