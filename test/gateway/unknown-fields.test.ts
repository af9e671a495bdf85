/** Fields that nobody knows, deep inside of a request, over HTTP: passed on within a dialect, told or refused across. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/ir/dialect-id.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";
import { catalogOfKinds, CLIENTS, KINDS } from "./support.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const schema = { type: "object", properties: { city: { type: "string" } } };

/** What is asked, and where the field stands. */
const ASKED: Readonly<Record<DialectId, [JsonObject, string]>> = {
  "openai-chat": [
    {
      messages: [
        { role: "user", content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, zz: 1 } }] },
      ],
    },
    "messages[0].content[0].image_url.zz",
  ],
  "openai-responses": [
    { input: "hi", text: { format: { type: "json_schema", name: "o", schema, zz: 1 } } },
    "text.format.zz",
  ],
  "anthropic-messages": [
    {
      messages: [
        {
          role: "user",
          content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG, zz: 1 } }],
        },
      ],
    },
    "messages[0].content[0].source.zz",
  ],
  gemini: [
    { contents: [{ parts: [{ inline_data: { mime_type: "image/png", data: PNG, zz: 1 } }] }] },
    "contents[0].parts[0].inline_data.zz",
  ],
};

let up: Upstream;
let gateway: TestGateway;
let key: TestKey;
beforeAll(async () => {
  up = await startUpstream();
  gateway = await startGateway({ catalog: catalogOfKinds(up.url) });
  key = await gateway.createKey({ credit: "5.00" });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  up.stop();
});

for (const client of CLIENTS) {
  const [asked, place] = ASKED[client.id];
  describe(client.id, () => {
    test.each(KINDS.map((kind) => [kind.kind, kind] as const))("at %s", async (_name, kind) => {
      const isOwn = kind.dialect === client.id;
      const how = { model: `at-${kind.kind}`, maxTokens: 100 };
      const send = (headers: Record<string, string> = {}): Promise<Response> =>
        gateway.post(client.path(how), { ...client.body(how), ...asked }, key.key, { headers });
      up.reset().always(kind.reply());
      const answer = await send();
      expect([answer.status, up.last.text().includes('"zz":1')]).toEqual([200, isOwn]);
      const told = answer.headers.get("x-tollgate-losses") ?? "";
      expect(told.includes(JSON.stringify(place))).toBe(!isOwn);
      const strict = await send({ "x-tollgate-strict": "true" });
      expect(strict.status).toBe(isOwn ? 200 : 400);
      if (isOwn) return;
      const refused = (await strict.json()) as JsonObject;
      expect(client.errorCode(refused)).toBe("unsupported_feature");
      expect(JSON.stringify(refused)).toContain(place);
    });
  });
}
