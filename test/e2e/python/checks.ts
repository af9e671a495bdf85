/** Runs one Python script of checks against a gateway of its own; the script names what the provider shall answer before each case. */
import { join } from "node:path";
import type { JsonObject } from "../../../src/lib/json.ts";
import { faults, type AnswerSpec, type Handler, type Script } from "../../support/upstream.ts";
import { type Bed, PROVIDERS, type ProviderName, SIDES, startBed } from "../sdk/bed.ts";
import { midStream, STREAMS } from "../sdk/cases.ts";
import { list } from "../sdk/rules/check.ts";

export interface CheckResult {
  client: string;
  case: string;
  provider: string;
  stream: boolean;
  /** Null = passed. */
  failure: string | null;
}

const VECTORS = [
  [0.5, -0.25, 1],
  [2, 0, -8],
];

const embed: Handler = (request) => {
  const body = request.json();
  if (request.path.endsWith(":embedContent")) return { body: { embedding: { values: VECTORS[0] } } };
  if (request.path.endsWith(":batchEmbedContents"))
    return { body: { embeddings: list(body["requests"]).map((_item, index) => ({ values: VECTORS[index] })) } };
  const base64 = body["encoding_format"] === "base64";
  const data = VECTORS.map((vector, index) => ({
    object: "embedding",
    index,
    embedding: base64 ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector,
  }));
  return { body: { object: "list", model: "e", data, usage: { prompt_tokens: 6, total_tokens: 6 } } };
};

const TOOLS: AnswerSpec = {
  text: "Let me see.",
  tools: [
    { id: "call_1", name: "get_weather", arguments: { city: "Oslo" } },
    { id: "call_2", name: "get_weather", arguments: { city: 'Köln "Süd"' } },
  ],
};

/** What the scripts ask for by name. */
const ANSWERS: Record<string, (provider: ProviderName) => AnswerSpec | Script | Handler> = {
  plain: () => ({ text: ["Hello", " there"] }),
  text: () => ({ text: ["Hel", "lo ", "wörld 🌍"], usage: { input: 25, output: 9, cached: 5 } }),
  tools: () => TOOLS,
  cold: () => ({ text: "It is cold." }),
  structured: () => ({ text: JSON.stringify({ city: "Oslo", degrees: 3 }) }),
  reasoning: () => ({
    reasoning: "Let me think.",
    signature: "U0lHTkFUVVJF",
    text: "42",
    usage: { input: 25, output: 30, reasoning: 20 },
  }),
  count: (provider) => ({ body: provider === "gemini" ? { totalTokens: 12 } : { input_tokens: 12 } }),
  embed: () => embed,
  broken: (provider) => midStream(provider),
  cut: (provider) => faults.truncateAfter(STREAMS[provider]({ text: ["one ", "two ", "three "] }), 4),
  refused: (provider) => SIDES[provider].error(400, "the provider says no"),
  limited: (provider) => SIDES[provider].error(429, "slow down", { "retry-after": "7" }),
  unauthorized: (provider) => SIDES[provider].error(401, "bad upstream key"),
};

/** The scripts' way to say what comes next, and to see what reached the provider. */
function controlOf(bed: Bed): Bun.Server<undefined> {
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const asked = (await request.json()) as JsonObject;
      if (new URL(request.url).pathname === "/script") {
        const answers = Array.isArray(asked["answers"]) ? asked["answers"] : [];
        bed.script(
          ...answers.map((name) => {
            const answer = ANSWERS[String(name)];
            if (answer === undefined) throw new Error(`no answer is called ${String(name)}`);
            return answer(asked["provider"] as ProviderName);
          }),
        );
      }
      return Response.json({ bodies: bed.received.map((sent) => sent.text()), violations: bed.violations });
    },
  });
}

/** The results of `<name>_checks.py`; a script that dies is a failure of its own. */
export async function runChecks(found: { python: string; cache: string }, name: string): Promise<CheckResult[]> {
  await using bed = await startBed();
  const control = controlOf(bed);
  const child = Bun.spawn([found.python, join(import.meta.dir, `${name}_checks.py`)], {
    stdout: "pipe",
    stderr: "pipe",
    env: {
      PATH: process.env["PATH"] ?? "",
      PYTHONPYCACHEPREFIX: found.cache,
      GATEWAY_URL: bed.url,
      GATEWAY_KEY: bed.key,
      GATEWAY_POOR_KEY: await bed.poorKey(),
      CONTROL_URL: `http://127.0.0.1:${control.port}`,
      PROVIDERS: PROVIDERS.join(","),
    },
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  await control.stop(true);
  const results = out
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as CheckResult);
  const ran = { client: name, case: "the script runs to its end", provider: "all", stream: false };
  return [...results, { ...ran, failure: code === 0 ? null : err.slice(-2000) }];
}
