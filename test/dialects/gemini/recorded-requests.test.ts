import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialects/gemini/index.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { loadCases } from "../../support/fixtures.ts";
import { adaptive, requestContext, route, scan, target } from "./support.ts";

const cases = loadCases("gemini-generate").filter((item) => item.request() !== null);

/** Everything but where it stood in the body. */
function meaning(request: GenerateRequest): unknown {
  return JSON.parse(
    JSON.stringify(request, (key, value: unknown) => (key === "path" || key === "losses" ? undefined : value)),
  );
}

describe.skipIf(cases.length === 0)("recorded requests", () => {
  for (const item of cases) {
    const body = item.request() as JsonObject;

    test(`${item.id}: decodes, encodes without a loss, and decodes to the same`, () => {
      const request = gemini.decodeRequest(body, requestContext);
      for (const facts of [target, adaptive]) {
        const encoded = gemini.encodeRequest({ ...request, reasoning: null }, facts);
        expect(encoded.losses).toEqual([]);
      }
      const encoded = gemini.encodeRequest(request, target);
      const again = gemini.decodeRequest(JSON.parse(JSON.stringify(encoded.body)) as JsonObject, requestContext);
      expect(meaning(again)).toEqual(meaning(request));
      expect(gemini.encodeRequest(again, target).body).toEqual(encoded.body);
    });

    test(`${item.id}: hints`, () => {
      const hints = gemini.hints(scan(body), route);
      expect(hints.model).toBe("gemini-2.5-flash");
      expect(hints.input.textBytes).toBeLessThanOrEqual(Buffer.byteLength(JSON.stringify(body)));
      expect(hints.needs.has("images")).toBe(item.covers.includes("image-input"));
      expect(hints.toolLoop).toBe(item.covers.includes("req-tool-result"));
      expect(hints.signals().turns).toBe((body.contents as unknown[]).length);
    });

    test(`${item.id}: a relay changes nothing but what it is told to`, () => {
      const doc = scan(body);
      const plain = gemini.spliceRequest(doc, { model: "up" }, route, target);
      expect(plain.path).toBe("/v1beta/models/up:streamGenerateContent");
      expect(plain.query).toEqual({ alt: "sse" });
      expect(Buffer.from(plain.bytes).equals(doc.bytes)).toBe(true);
      const capped = gemini.spliceRequest(doc, { model: "up", maxOutput: 77 }, route, target);
      const after = JSON.parse(Buffer.from(capped.bytes).toString("utf8")) as JsonObject;
      const config = (body.generationConfig ?? {}) as JsonObject;
      expect(after).toEqual({ ...body, generationConfig: { ...config, maxOutputTokens: 77 } });
    });
  }
});
