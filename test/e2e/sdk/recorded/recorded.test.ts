/** Every recorded answer, given to the clients of the three other dialects: their SDK reads the same text, calls and usage. */
import { describe, expect } from "bun:test";
import { DIALECTS } from "../../../../src/dialects/index.ts";
import { failureToError } from "../../../../src/gateway/failure.ts";
import type { Answer } from "../../../../src/ir/answer.ts";
import { DIALECT_IDS, type DialectId } from "../../../../src/ir/dialect-id.ts";
import { foldEvents } from "../../../../src/ir/fold.ts";
import { totalInput, totalOutput } from "../../../../src/ir/usage.ts";
import { isObject } from "../../../../src/lib/json.ts";
import { type FixtureCase, fixtureTest, loadCases } from "../../../support/fixtures.ts";
import { failureOf } from "../clients/client.ts";
import { eventsOf, RECORDED, targetOf, writeFor } from "./crossing.ts";
import { argumentsOf, type Read, READERS } from "./readers.ts";

const cases = loadCases().filter((item) => RECORDED[item.dialect] !== undefined);

/** What the answer holds, as every client should read it. */
function expected(answer: Answer, client: DialectId): Read {
  const parts = answer.choices.find((choice) => choice.index === 0)?.parts ?? [];
  const said = (type: "text" | "refusal"): string =>
    parts.map((part) => (part.type === type ? part.text : "")).join("");
  const refusal = said("refusal");
  // Two dialects have no place of its own for a refusal: it is text there.
  const asText = client === "anthropic-messages" || client === "gemini";
  return {
    text: asText
      ? parts.map((part) => (part.type === "text" || part.type === "refusal" ? part.text : "")).join("")
      : said("text"),
    refusal: asText ? "" : refusal,
    tools: parts.flatMap((part) =>
      part.type === "tool-call" && part.kind !== "server"
        ? [
            {
              name: part.name,
              args: part.kind === "custom" ? inputOf(part.arguments, client) : argumentsOf(part.arguments),
            },
          ]
        : [],
    ),
    input: answer.usage === null ? 0 : totalInput(answer.usage),
    output: answer.usage === null ? 0 : totalOutput(answer.usage),
  };
}

/** Free text of a custom tool; where there are only functions it is the one argument of the function that stands for the tool. */
const inputOf = (text: string, client: DialectId): unknown =>
  client === "anthropic-messages" || client === "gemini" ? { input: text } : text;

/** Arguments that are no JSON object can't be compared: two dialects have objects only. */
function comparable(read: Read, wanted: Read): Read {
  const tools = read.tools.map((tool, index) => {
    const want = wanted.tools[index]?.args;
    return isObject(want) ? tool : { ...tool, args: want };
  });
  return { ...read, tools };
}

async function crosses(item: FixtureCase, client: DialectId): Promise<void> {
  const events = eventsOf(item);
  const answer = foldEvents(events);
  if (answer.error !== null) return failsIn(client, item, answer);
  const wanted = expected(answer, client);
  const { json, stream, losses } = writeFor(client, item, events);
  const broken = wanted.tools.filter(({ args }) => typeof args === "string" && client === "gemini");
  if (broken.length > 0) {
    // A call whose arguments were cut has no form here: it is left out, and said to be.
    wanted.tools = wanted.tools.filter((tool) => !broken.includes(tool));
    expect(losses).not.toEqual([]);
  }
  expect(comparable(await READERS[client]({ json }), wanted)).toEqual(wanted);
  expect(comparable(await READERS[client]({ stream }), wanted)).toEqual(wanted);
}

/** An answer that fails: an HTTP error before the first content, and the dialect's own error frame after it. */
async function failsIn(client: DialectId, item: FixtureCase, answer: Answer): Promise<void> {
  if (answer.error === null) return;
  const error = failureToError(answer.error, { moneySpent: false });
  const rendered = DIALECTS[client].renderError(error, "req_1", { style: "default" });
  const thrown = await READERS[client]({ json: rendered.body }, rendered.status).catch((caught: unknown) => caught);
  expect(failureOf(thrown).status, item.id).toBe(rendered.status);
  const state = {
    route: { model: "m", stream: true, sse: true, headers: {} },
    id: null,
    model: null,
    created: 1,
    framesSent: 0,
    sequence: -1,
  };
  const stream = DIALECTS[client].renderStreamError(error, "req_1", state);
  await expect(READERS[client]({ stream })).rejects.toThrow();
}

for (const item of cases.filter(({ status }) => status === 200)) {
  describe(item.id, () => {
    for (const client of DIALECT_IDS)
      if (client !== RECORDED[item.dialect]) fixtureTest(client, () => crosses(item, client));
  });
}

describe("recorded errors are raised by every SDK, with the status that the client is told", () => {
  for (const item of cases.filter(({ status }) => status >= 400)) {
    for (const client of DIALECT_IDS)
      fixtureTest(`${item.id}, ${client}`, async () => {
        const dialect = DIALECTS[targetOf(item).dialect];
        const text = new TextDecoder().decode(item.body());
        const failure = dialect.decodeError(item.status, text, new Headers());
        expect(failure.status).toBe(item.status);
        const error = failureToError(failure, { moneySpent: false });
        const { body, status } = DIALECTS[client].renderError(error, "req_1", { style: "default" });
        const thrown = await READERS[client]({ json: body }, status).catch((caught: unknown) => caught);
        expect(failureOf(thrown).status).toBe(status);
        if (status === 400 || status === 404) expect(failureOf(thrown).message).toContain(failure.message.slice(0, 40));
      });
  }
});
