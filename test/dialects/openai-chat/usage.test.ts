/** Usage as each server reports it: every token in exactly one class. */
import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/lib/json.ts";
import { chunk, decodeChunks, decodeText, fold, foldChunks, HEAD, sse, targetFacts, unended } from "./support.ts";

const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const STOP = chunk({}, "stop");
const usageChunk = (usage: JsonObject = USAGE): JsonObject => ({ ...HEAD, choices: [], usage });
const usageOf = (usage: JsonObject, compat = {}): unknown =>
  fold(decodeText(sse(chunk({ content: "a" }), STOP, usageChunk(usage)), targetFacts(compat)).events).usage;

describe("usage", () => {
  test("xAI leaves reasoning out of completion_tokens: 432 + 68 + 136 = 636", () => {
    const usage = {
      prompt_tokens: 432,
      completion_tokens: 68,
      total_tokens: 636,
      prompt_tokens_details: { cached_tokens: 153 },
      completion_tokens_details: { reasoning_tokens: 136 },
    };
    const tokens = { input: 279, cached_input: 153, output: 68, reasoning: 136 };
    expect(usageOf(usage, { reasoning_outside_output: true })).toMatchObject({ tokens, reasoningKnown: true });
    // The total gives it away without the flag, too.
    expect(usageOf(usage)).toMatchObject({ tokens });
  });

  test("OpenAI has reasoning inside completion_tokens", () => {
    const usage = { ...USAGE, completion_tokens_details: { reasoning_tokens: 4 } };
    expect(usageOf(usage)).toMatchObject({ tokens: { input: 10, output: 1, reasoning: 4 }, reasoningKnown: true });
  });

  test("unknown reasoning is unknown, not 0", () => {
    expect(usageOf(USAGE)).toMatchObject({ tokens: { input: 10, output: 5 }, reasoningKnown: false });
  });

  test("more reasoning than output is no more than the output", () => {
    const usage = { ...USAGE, completion_tokens_details: { reasoning_tokens: 6 } };
    expect(usageOf(usage)).toMatchObject({ tokens: { input: 10, reasoning: 5 } });
  });

  test("Groq reports usage twice in one chunk: it counts once", () => {
    const { events } = decodeChunks(
      chunk({ content: "a" }),
      chunk({}, "stop", { usage: USAGE, x_groq: { id: "req_1", usage: USAGE } }),
    );
    expect(events.filter((event) => event.type === "usage")).toHaveLength(1);
    expect(fold(events).usage?.tokens).toEqual({ input: 10, output: 5 });
  });

  test("Groq's usage may stand in x_groq alone", () => {
    const answer = foldChunks(chunk({ content: "a" }), chunk({}, "stop", { x_groq: { id: "req_1", usage: USAGE } }));
    expect(answer.usage?.tokens).toEqual({ input: 10, output: 5 });
  });

  test("Perplexity repeats its usage and ends with chat.completion.done", () => {
    const said = { ...chunk({ content: "1 2" }), usage: { ...USAGE, completion_tokens: 2 } };
    const done = {
      ...HEAD,
      object: "chat.completion.done",
      choices: [
        { index: 0, message: { role: "assistant", content: "1 2" }, delta: { content: "" }, finish_reason: "stop" },
      ],
      usage: USAGE,
      search_results: [{ title: "Counting", url: "https://example.com/1" }],
    };
    const { events } = decodeText(unended(said, done));
    const usages = events.filter((event) => event.type === "usage");
    expect(usages.map((event) => event.type === "usage" && event.final)).toEqual([false, true]);
    const answer = fold(events);
    expect(answer.ended).toBe(true);
    expect(answer.usage?.tokens.output).toBe(5);
    expect(answer.choices[0]?.parts).toMatchObject([
      { type: "text", text: "1 2", citations: [{ kind: "url", url: "https://example.com/1", title: "Counting" }] },
    ]);
  });

  test("a stream cut after usage that rides on every chunk is truncated", () => {
    const said = { ...chunk({ content: "1 2" }), usage: USAGE };
    expect(fold(decodeText(unended(said, said)).events).error?.cause).toBe("truncated");
  });

  for (const [name, usage] of [
    ["prompt_tokens_details.cached_tokens", { prompt_tokens_details: { cached_tokens: 4 } }],
    ["prompt_cache_hit_tokens", { prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6 }],
    ["num_cached_tokens", { num_cached_tokens: 4 }],
    ["top-level cached_tokens", { cached_tokens: 4 }],
    ["cache_read_input_tokens", { cache_read_input_tokens: 4 }],
    ["input_tokens_details.cached_tokens", { input_tokens_details: { cached_tokens: 4 } }],
  ] as const) {
    test(`cache hits called ${name}`, () => {
      expect(usageOf({ ...USAGE, ...usage })).toMatchObject({ tokens: { input: 6, cached_input: 4, output: 5 } });
    });
  }

  test("cache writes by lifetime", () => {
    const written = { cache_write_tokens: 6, cache_write_tokens_details: { ttl_12h_tokens: 2 } };
    expect(usageOf({ ...USAGE, prompt_tokens_details: written })).toMatchObject({
      tokens: { input: 4, cache_write_30m: 4, cache_write_1h: 2 },
    });
    expect(usageOf({ ...USAGE, cache_creation_input_tokens: 6 })).toMatchObject({
      tokens: { input: 4, cache_write_5m: 6 },
    });
  });

  test("more cached tokens than there were: the prompt is the limit", () => {
    expect(usageOf({ ...USAGE, prompt_tokens_details: { cached_tokens: 99 } })).toMatchObject({
      tokens: { cached_input: 10, output: 5 },
    });
  });

  test("images and audio have classes of their own, cached text first", () => {
    const details = { cached_tokens: 5, image_tokens: 4, audio_tokens: 2 };
    expect(usageOf({ ...USAGE, prompt_tokens_details: details })).toMatchObject({
      tokens: { cached_input: 4, cached_input_image: 1, input_image: 3, input_audio: 2, output: 5 },
    });
  });

  test("hostile counts are read as nothing", () => {
    const usage = { prompt_tokens: -5, completion_tokens: 1.5, prompt_tokens_details: { cached_tokens: "9" } };
    expect(usageOf(usage)).toMatchObject({ tokens: {} });
  });

  test("the tier that was served, in the chunk or in the usage", () => {
    const answer = foldChunks(chunk({ content: "a" }), { ...STOP, service_tier: "flex" }, usageChunk());
    expect(answer.usage?.variant).toEqual({ serviceTier: "flex" });
    expect(usageOf({ ...USAGE, service_tier: "standard" })).toMatchObject({ variant: { serviceTier: "standard" } });
  });

  test("searches are counted as fees", () => {
    const usage = { ...USAGE, server_tool_use_details: { web_search_requests: 2 } };
    expect(usageOf(usage)).toMatchObject({ fees: { web_search: 2 } });
  });

  test("usage that content has outrun is not the bill, and no sign of the end", () => {
    const early = [chunk({ content: "a" }), usageChunk(), chunk({ content: "b" })];
    const finals = (text: string): unknown =>
      decodeText(text).events.flatMap((event) => (event.type === "usage" ? [event.final] : []));
    expect(finals(sse(...early, STOP))).toEqual([true, false]);
    expect(finals(sse(...early, STOP, usageChunk()))).toEqual([true, false, true]);
    expect(fold(decodeText(unended(...early)).events).error?.cause).toBe("truncated");
  });

  test("usage that rode on the last content is the bill", () => {
    const riding = { ...chunk({ content: "a" }), usage: USAGE };
    const { events } = decodeChunks(riding, STOP);
    expect(events.flatMap((event) => (event.type === "usage" ? [event.final] : []))).toEqual([false, true]);
  });
});
