/** Relay: the client's bytes and the provider's, verbatim but for what is ours. */
import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages/index.ts";
import { spliceCountRequest } from "../../../src/dialects/anthropic-messages/count.ts";
import type { HeldFrame } from "../../../src/dialects/dialect.ts";
import { DEFAULT_COMPAT, type TargetFacts } from "../../../src/ir/target.ts";
import { SseReader } from "../../../src/wire/sse.ts";
import { ANNOTATION, bytesOf, FLAGS, ROUTE, scan, TARGET, textOf } from "./support.ts";

const splice = (text: string, target: TargetFacts = TARGET, owned = {}): [string, string[]] => {
  const spliced = anthropicMessages.spliceRequest(scan(text), { model: "up", ...owned }, ROUTE, target);
  return [textOf(spliced.bytes), spliced.losses.map((loss) => loss.field)];
};
const flags = (more: Partial<typeof FLAGS>): TargetFacts => ({ ...TARGET, flags: { ...FLAGS, ...more } });

describe("requests", () => {
  test("key order, white space, big integers, escapes and unknown fields survive", () => {
    const text =
      '{ "messages": [ {"role":"user","content":"\\u0041"} ],"unknown":12345678901234567890,\n"model": "mine" ,"max_tokens":5 }';
    expect(splice(text)).toEqual([text.replace('"mine"', '"up"'), []]);
    const same = text.replace('"mine"', '"\\u0075p"');
    expect(splice(same)).toEqual([same, []]);
  });

  test("cap and tier are set where they are ours", () => {
    const text = '{"model":"up","messages":[],"max_tokens":99999}';
    expect(splice(text, TARGET, { maxOutput: 5, serviceTier: "standard_only" })[0]).toBe(
      '{"model":"up","messages":[],"max_tokens":5,"service_tier":"standard_only"}',
    );
  });

  test("refused parameters are left out and reported", () => {
    const text = '{"temperature":1,"model":"up","top_p":0.5,"messages":[],"metadata":{},"top_k":4}';
    const target = { ...flags({ sampling: false }), compat: { ...DEFAULT_COMPAT, refuses: ["metadata"] } };
    expect(splice(text, target)).toEqual([
      '{"model":"up","messages":[]}',
      ["temperature", "top_p", "top_k", "metadata"],
    ]);
    expect(splice(text)).toEqual([text, []]);
  });

  test("thinking of the kind that the model takes", () => {
    const budget =
      '{"model":"up","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000,"display":"omitted"}}';
    expect(splice(budget, flags({ thinking: "adaptive" }))).toEqual([
      '{"model":"up","max_tokens":9000,"thinking":{"type":"adaptive","display":"omitted"}}',
      ["thinking.budget_tokens"],
    ]);
    expect(splice(budget, flags({ thinking: "budget" }))[0]).toBe(budget);
    const adaptive = '{"model":"up","max_tokens":9000,"thinking":{"type":"adaptive"}}';
    expect(splice(adaptive, flags({ thinking: "budget" }))).toEqual([
      '{"model":"up","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":4500}}',
      ["thinking.type"],
    ]);
    expect(splice(adaptive.replace("9000", "90"), flags({ thinking: "budget" }))).toEqual([
      '{"model":"up","max_tokens":90}',
      ["thinking"],
    ]);
    expect(splice(adaptive, flags({ thinking: null }))[0]).toBe(adaptive);
  });

  test("a refused prefill is left out, the other messages stay byte for byte", () => {
    const text =
      '{"model":"up","messages":[ {"role":"user","content":"h\\u00ef"} , {"role":"assistant","content":"Sure"} ],"x":1}';
    const target = flags({ prefill: false });
    expect(splice(text, target)).toEqual([
      '{"model":"up","messages":[ {"role":"user","content":"h\\u00ef"}],"x":1}',
      ["messages[1]"],
    ]);
    expect(splice(text)[0]).toBe(text);
    const paused = text.replace('"Sure"', '[{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]');
    expect(splice(paused, target)[0]).toBe(paused);
  });

  test("version and betas are the client's own", () => {
    const headers = { "anthropic-version": "2026-10-21", "anthropic-beta": "a,b", "x-api-key": "secret" };
    const doc = scan('{"model":"m","messages":[]}');
    const spliced = anthropicMessages.spliceRequest(doc, { model: "up" }, { ...ROUTE, headers }, TARGET);
    expect(spliced).toMatchObject({ path: "/v1/messages" });
    expect(spliced.headers).toEqual({ "anthropic-version": "2026-10-21", "anthropic-beta": "a,b" });
    const count = spliceCountRequest(doc, "up", ROUTE);
    expect(count).toMatchObject({ path: "/v1/messages/count_tokens", headers: { "anthropic-version": "2023-06-01" } });
    expect(textOf(count.bytes)).toBe('{"model":"up","messages":[]}');
  });
});

describe("answers", () => {
  const held = (text: string): HeldFrame[] =>
    new SseReader().push(bytesOf(text)).map(({ frame, raw }) => ({ frame, raw }));
  const tail =
    'event: message_delta\r\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5} }   \r\n\r\n';
  const stop = 'event: message_stop\ndata: {"type":"message_stop" }\n\n';
  const annotated = (text: string, annotation = ANNOTATION): string =>
    anthropicMessages.annotateTail(held(text), { route: ROUTE, includeUsage: false }, annotation).map(textOf).join("");

  test("the last message_delta gets the annotation, all other bytes stay", () => {
    const added = '"usage":{"output_tokens":5} ,"cost_cents":0.0123,"tollgate":{"tier":"simple"}}   ';
    const once = tail.replace('"usage":{"output_tokens":5} }   ', added);
    expect(annotated(tail + stop)).toBe(once + stop);
    expect(annotated(tail + tail + stop)).toBe(tail + once + stop);
    expect(annotated(stop)).toBe(stop);
    expect(annotated(tail + stop, { ...ANNOTATION, costCents: null, extension: null })).toBe(tail + stop);
    const nameless = once.replace("event: message_delta\r\n", "");
    expect(annotated(tail.replace("event: message_delta\r\n", ""))).toBe(nameless);
  });

  test("a JSON body gets it as its last fields", () => {
    const body = '{"id":"msg_1", "n":12345678901234567890 }\n';
    expect(textOf(anthropicMessages.annotateBody(bytesOf(body), ANNOTATION))).toBe(
      '{"id":"msg_1", "n":12345678901234567890 ,"cost_cents":0.0123,"tollgate":{"tier":"simple"}}\n',
    );
  });
});
