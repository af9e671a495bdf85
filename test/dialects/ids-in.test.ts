/** Which ids an answer gives to the account that gets it, and which references a request makes. */
import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import type { ProviderId, ProviderReference } from "../../src/dialects/dialect.ts";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";
import { scanObject } from "../../src/wire/scan.ts";
import { BASE, ROUTE, targetOf } from "../matrix/carry.ts";

/** The ids in a JSON answer. */
function idsIn(dialect: DialectId, body: JsonObject): ProviderId[] {
  const found: ProviderId[] = [];
  DIALECTS[dialect].decodeAnswer(body, { target: targetOf(dialect) }, (event) => {
    found.push(...DIALECTS[dialect].idsIn(event));
  });
  return found;
}

/** `field kind id` of what a request refers to. */
function referencesOf(dialect: DialectId, more: JsonObject): ProviderReference[] {
  const doc = scanObject(new TextEncoder().encode(JSON.stringify({ ...BASE[dialect], ...more })));
  return DIALECTS[dialect].hints(doc, ROUTE).references;
}

const response = (output: JsonValue[], more: JsonObject = {}): JsonObject => ({
  id: "resp_1",
  object: "response",
  status: "completed",
  output,
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  ...more,
});

describe("answers of Responses", () => {
  test("name the containers, files and conversation of their hosted tools", () => {
    const annotations = [
      { type: "container_file_citation", container_id: "cntr_2", file_id: "cfile_2", filename: "a.png" },
      { type: "file_citation", file_id: "file_3", index: 0 },
      { type: "url_citation", url: "https://example.com", file_id: "file_no" },
    ];
    const output = [
      { type: "code_interpreter_call", id: "ci_1", code: "1", container_id: "cntr_1", status: "completed" },
      {
        type: "shell_call",
        id: "sh_1",
        call_id: "c",
        status: "completed",
        action: { commands: ["ls"] },
        environment: { type: "container_reference", container_id: "cntr_3" },
      },
      {
        type: "file_search_call",
        id: "fs_1",
        status: "completed",
        queries: ["q"],
        results: [{ file_id: "file_1", filename: "f", text: "t" }],
      },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "hi", annotations }],
      },
    ];
    expect(idsIn("openai-responses", response(output, { conversation: { id: "conv_1" } }))).toEqual([
      { kind: "conversation", id: "conv_1" },
      { kind: "container", id: "cntr_1" },
      { kind: "container", id: "cntr_3" },
      { kind: "file", id: "file_1" },
      { kind: "file", id: "cfile_2" },
      { kind: "container", id: "cntr_2" },
      { kind: "file", id: "file_3" },
    ]);
  });

  test("give nothing that somebody else has written, or that the request has", () => {
    const forged = { file_id: "file_victim", container_id: "cntr_victim", conversation: { id: "conv_victim" } };
    const output = [
      { type: "mcp_list_tools", id: "m1", server_label: "s", tools: [{ name: "t", input_schema: forged }], ...forged },
      { type: "mcp_call", id: "m2", name: "t", server_label: "s", arguments: "{}", output: "o", ...forged },
      { type: "function_call", id: "fc_1", call_id: "c", name: "f", arguments: JSON.stringify(forged), ...forged },
      { type: "tomorrows_call", id: "x", ...forged },
    ];
    const echoed = {
      tools: [{ type: "code_interpreter", container: "cntr_x" }],
      previous_response_id: "resp_x",
      store: true,
    };
    expect(idsIn("openai-responses", response(output, { ...echoed, metadata: { file_id: "file_x" } }))).toEqual([]);
  });
});

describe("answers of Messages", () => {
  const message = (content: JsonValue[], more: JsonObject = {}): JsonObject => ({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content,
    stop_reason: "end_turn",
    usage: { input_tokens: 1, output_tokens: 1 },
    ...more,
  });
  const result = (kind: string, files: JsonValue[]): JsonObject => ({
    type: `${kind}_tool_result`,
    tool_use_id: "srvtoolu_1",
    content: { type: `${kind}_result`, stdout: "", content: files },
  });

  test("name their container, and the files that code made in it", () => {
    const content = [
      result("code_execution", [{ type: "code_execution_output", file_id: "file_1" }]),
      result("bash_code_execution", [{ type: "bash_code_execution_output", file_id: "file_2" }]),
      { type: "text", text: "hi" },
    ];
    const container = { id: "container_1", expires_at: "2026-12-01T00:00:00Z" };
    expect(idsIn("anthropic-messages", message(content, { container }))).toEqual([
      { kind: "file", id: "file_1" },
      { kind: "file", id: "file_2" },
      { kind: "container", id: "container_1" },
    ]);
  });

  test("give nothing out of other tools' results", () => {
    const forged = [{ type: "text", text: "x", file_id: "file_victim" }];
    const content = [
      { type: "mcp_tool_result", tool_use_id: "t", is_error: false, content: forged },
      result("web_fetch", forged),
      { type: "text", text: "hi" },
    ];
    expect(idsIn("anthropic-messages", message(content, { container: null }))).toEqual([]);
  });
});

test("answers of Gemini name files of its File API only; answers of chat their audio", () => {
  const parts = ["files/a", "https://example.com/b.png"].map((fileUri) => ({
    fileData: { fileUri, mimeType: "image/png" },
  }));
  const candidates = [{ content: { role: "model", parts: [...parts, { text: "hi" }] }, finishReason: "STOP" }];
  expect(idsIn("gemini", { candidates })).toEqual([{ kind: "file", id: "files/a" }]);
  const spoken = {
    role: "assistant",
    content: null,
    audio: { id: "audio_1", data: "AAAA", transcript: "hi", expires_at: 1 },
  };
  const choices = [{ index: 0, message: spoken, finish_reason: "stop" }];
  expect(idsIn("openai-chat", { id: "c", choices })).toEqual([{ kind: "audio", id: "audio_1" }]);
});

describe("requests refer to things at a provider", () => {
  test("in Responses: by fields, tools, and earlier items", () => {
    const call = { type: "code_interpreter_call", id: "ci_1", container_id: "cntr_1", code: "1", status: "completed" };
    const shell = {
      type: "shell_call",
      call_id: "c",
      environment: { type: "container_reference", container_id: "cntr_2" },
    };
    const image = { type: "image_generation_call", id: "ig_1" };
    const tools = [
      { type: "image_generation", input_image_mask: { file_id: "file_1" } },
      {
        type: "shell",
        environment: {
          type: "container_auto",
          file_ids: ["file_2"],
          skills: [{ type: "skill_reference", skill_id: "skill_1" }],
        },
      },
      { type: "function", name: "f", parameters: {}, container: "no" },
    ];
    expect(
      referencesOf("openai-responses", { input: [call, shell, image], tools, conversation: { id: "conv_1" } }),
    ).toEqual([
      { field: "input[0].container_id", kind: "container", id: "cntr_1", inHistory: true },
      { field: "input[1].environment.container_id", kind: "container", id: "cntr_2", inHistory: true },
      { field: "input[2].id", kind: "response", id: "ig_1" },
      { field: "conversation.id", kind: "conversation", id: "conv_1" },
      { field: "tools[0].input_image_mask.file_id", kind: "file", id: "file_1" },
      { field: "tools[1].environment.file_ids[0]", kind: "file", id: "file_2" },
      { field: "tools[1].environment.skills[0].skill_id", kind: "skill", id: "skill_1" },
    ]);
  });

  test("in chat: by spoken answers, files in either form, tools, and what compatible servers keep", () => {
    const content = [
      { type: "file", file: { file_id: "file_1" } },
      { type: "file", file_id: "file_2" },
    ];
    const messages = [
      { role: "user", content },
      { role: "assistant", audio: { id: "audio_1" } },
    ];
    const tools = [{ type: "file_search", vector_store_ids: ["vs_1"] }];
    expect(referencesOf("openai-chat", { messages, tools, thread_id: "th_1", conversation_id: "conv_1" })).toEqual([
      { field: "messages[0].content[0].file.file_id", kind: "file", id: "file_1" },
      { field: "messages[0].content[1].file_id", kind: "file", id: "file_2" },
      { field: "messages[1].audio.id", kind: "audio", id: "audio_1" },
      { field: "conversation_id", kind: "conversation", id: "conv_1" },
      { field: "thread_id", kind: "thread", id: "th_1" },
      { field: "tools[0].vector_store_ids[0]", kind: "vector_store", id: "vs_1" },
    ]);
  });

  test("in Messages: by skills of the account's own, not by Anthropic's", () => {
    const skills = [
      { type: "anthropic", skill_id: "pptx", version: "latest" },
      { type: "custom", skill_id: "skill_1", version: "1" },
    ];
    expect(referencesOf("anthropic-messages", { container: { id: "container_1", skills } })).toEqual([
      { field: "container", kind: "container", id: "container_1" },
      { field: "container.skills[1].skill_id", kind: "skill", id: "skill_1" },
    ]);
  });
});
