/** The round trips themselves, run by the tests for a moment and by `scripts/fuzz.ts` for as long as one likes. */
import * as fc from "fast-check";
import { DIALECTS } from "../../../src/dialects/index.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import { type JsonObject, parseJson } from "../../../src/lib/json.ts";
import { ROUTE, seals, targetOf } from "../../matrix/carry.ts";
import { unlisted } from "./compare.ts";
import { saidIn } from "./request-facts.ts";
import { requestOf } from "./requests.ts";
import { dialect as anyDialect } from "./values.ts";

/** What a request has lost without telling, on its way to a provider of the dialect. */
export function requestFaults(request: GenerateRequest, dialect: DialectId): string[] {
  const form = { dialect, asked: request };
  const encoded = DIALECTS[dialect].encodeRequest(request, targetOf(dialect));
  const body = parseJson(JSON.stringify(encoded.body)) as JsonObject;
  const route = { ...ROUTE, stream: dialect === "gemini" ? request.stream : null };
  const back = DIALECTS[dialect].decodeRequest(body, { route, seals });
  const faults = unlisted(saidIn(request, form), saidIn(back, form), [...encoded.losses, ...(back.losses ?? [])]);
  return faults.length === 0 ? [] : [...faults, `listed: ${JSON.stringify(encoded.losses)}`];
}

/** Requests of any client: decode(encode(x)) = x in the dialect, but for the losses that the encoder has listed. */
export function requestsSurvive(dialect: DialectId, options: fc.Parameters<unknown>): void {
  const origins = fc.oneof(fc.constant(dialect), anyDialect);
  const request = origins.chain((origin) => requestOf(origin));
  const property = fc.property(request, (sent) => {
    const faults = requestFaults(sent, dialect);
    if (faults.length > 0) throw new Error(faults.join("\n  "));
  });
  fc.assert(property, options);
}
