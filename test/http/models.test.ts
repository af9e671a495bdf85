import { describe, expect, test } from "bun:test";
import { testBed } from "./support.ts";

const ids = (body: unknown): string[] => (body as { data: { id: string }[] }).data.map((item) => item.id);

describe("model lists", () => {
  test("OpenAI's shape with the customer's prices, exact and rounded", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const body = (await (await bed.send("GET", "/v1/models", { key })).json()) as {
      object: string;
      data: { id: string; pricing: object }[];
    };
    expect(body.object).toBe("list");
    expect(ids(body)).toEqual(expect.arrayContaining(["gpt-5", "lab/tiny", "gpt", "gpt-flex"]));
    const priceOf = (id: string) => body.data.find((item) => item.id === id)?.pricing;
    expect(priceOf("claude-haiku-4-5")).toMatchObject({ currency: "USD", input: "1.30", output: "6.50" });
    expect(priceOf("gemini-pro")).toMatchObject({
      input: "1.63",
      output: "6.50",
      exact: { input: "1.625", output: "6.5" },
    });
    expect(priceOf("lab/tiny")).toMatchObject({
      input: "0.10",
      output: "0.39",
      exact: { input: "0.0975", output: "0.39" },
    });
    expect(priceOf("gpt-flex")).toMatchObject({ exact: { input: "0.8125", output: "6.5" } });
  });

  test("an account's own markup shows", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    await bed.keys.updateAccount("acc_1", { markupPercent: "0" });
    const model = await (await bed.send("GET", "/v1/models/gpt", { key })).json();
    expect(model).toMatchObject({ id: "gpt", alias_of: "gpt-5", pricing: { input: "1.25" } });
  });

  test("only what the key may use is listed", async () => {
    const bed = testBed();
    const { key } = bed.addKey({ models: ["anthropic/*"] });
    const listed = ids(await (await bed.send("GET", "/models", { key })).json());
    expect(listed).toContain("claude-haiku-4-5");
    expect(listed).not.toContain("gpt-5");
    expect(listed).not.toContain("gpt");
    const answer = await bed.send("GET", "/v1/models/gpt-5", { key });
    expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: "model_not_allowed" } }]);
  });

  test.each([
    [["gpt"], ["gpt"]],
    [["cost"], ["cost"]],
    [
      ["gpt-5"],
      [
        "gpt-5",
        "gpt",
        "gpt-flex",
        "fast",
        "speed",
        "fast-flex",
        "balanced",
        "balanced-flex",
        "quality",
        "cost",
        "auto",
      ],
    ],
    [["lab/*"], ["lab/tiny", "fast", "speed", "balanced", "quality", "cost", "auto"]],
    [["nothing"], []],
  ])("with the allowlist %j exactly what can be called is listed", async (models, expected) => {
    const bed = testBed();
    const { key } = bed.addKey({ models });
    expect(ids(await (await bed.send("GET", "/v1/models", { key })).json())).toEqual(expected);
    const { routing_words } = (await (await bed.send("GET", "/v1/capabilities", { key })).json()) as {
      routing_words: { name: string }[];
    };
    const words = new Set(routing_words.map((word) => word.name));
    expect(expected.filter((name) => words.has(name))).toHaveLength(words.size);
  });

  test("ids with a slash, encoded or not, and dated ones", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    for (const path of ["/v1/models/lab/tiny", "/v1/models/lab%2Ftiny", "/models/lab/tiny"]) {
      expect(await (await bed.send("GET", path, { key })).json()).toMatchObject({ id: "lab/tiny" });
    }
  });

  test("an unknown model is a 404 with the nearest names", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const answer = await bed.send("GET", "/v1/models/gpt-55", { key });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: { code: "not_found", details: { nearest: expect.arrayContaining(["gpt-5"]) } },
    });
  });

  test("Anthropic's shape, paged", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    const headers = { "anthropic-version": "2023-06-01", "x-api-key": key };
    const first = (await (await bed.send("GET", "/v1/models?limit=2", { headers })).json()) as {
      data: { id: string }[];
      has_more: boolean;
      last_id: string;
    };
    expect(first).toMatchObject({ has_more: true, first_id: "gpt-5", last_id: "claude-haiku-4-5" });
    expect(first.data[0]).toMatchObject({ type: "model", id: "gpt-5" });
    const next = await (await bed.send("GET", `/v1/models?limit=100&after_id=${first.last_id}`, { headers })).json();
    expect(next).toMatchObject({ has_more: false, first_id: "gemini-pro" });
    const bad = await bed.send("GET", "/v1/models?limit=x", { headers });
    expect([bad.status, await bad.json()]).toMatchObject([
      400,
      { dialect: "anthropic-messages", error: { param: "limit" } },
    ]);
  });

  test("Gemini's shape by header, by ?key= and by path", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    for (const [path, headers] of [
      ["/v1/models?pageSize=2", { "x-goog-api-key": key }],
      [`/v1/models?pageSize=2&key=${key}`, {}],
      ["/v1beta/models?pageSize=2", { "x-goog-api-key": key }],
    ] as const) {
      const body = await (await bed.send("GET", path, { headers })).json();
      expect(body).toMatchObject({
        models: [{ name: "models/gpt-5" }, { name: "models/claude-haiku-4-5" }],
        nextPageToken: "2",
      });
    }
    const one = await (
      await bed.send("GET", "/v1beta/models/gemini-pro", { headers: { "x-goog-api-key": key } })
    ).json();
    expect(one).toMatchObject({
      name: "models/gemini-pro",
      inputTokenLimit: 1_000_000,
      supportedGenerationMethods: expect.arrayContaining(["generateContent"]),
    });
  });

  test("?key= counts at Gemini routes only", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    expect((await bed.send("POST", `/v1beta/models/gemini-pro:generateContent?key=${key}`, { body: {} })).status).toBe(
      200,
    );
    expect((await bed.send("POST", `/v1/chat/completions?key=${key}`, { body: {} })).status).toBe(401);
    expect((await bed.send("GET", `/v1/credits?key=${key}`)).status).toBe(401);
  });
});
