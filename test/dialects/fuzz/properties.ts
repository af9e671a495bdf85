/** Whatever comes, a decoder throws nothing but its one error and comes to an end. Run by the tests for a moment, by `scripts/fuzz.ts` for as long as one likes. */
import * as fc from "../../support/property.ts";
import { DIALECTS } from "../../../src/dialects/index.ts";
import type { Annotation, AnswerDecoder, Dialect, HeldFrame } from "../../../src/dialects/dialect.ts";
import { DIALECT_IDS, type DialectId } from "../../../src/ir/dialect-id.ts";
import { DecodeError, GatewayError } from "../../../src/ir/error.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import { isObject, type JsonObject, type JsonValue, parseJson } from "../../../src/lib/json.ts";
import { JsonArrayReader } from "../../../src/wire/json-array.ts";
import { JsonScanError } from "../../../src/wire/json-error.ts";
import { scanObject } from "../../../src/wire/scan.ts";
import { FrameLimitError, SseReader } from "../../../src/wire/sse.ts";
import { ROUTE, seals, targetOf } from "../../matrix/carry.ts";
import { ANSWERS, type Operation, REQUESTS, type Seed } from "./seeds.ts";

type Errors = readonly (new (...args: never[]) => Error)[];

/** Runs, and takes the errors that bad input may bring. */
function attempt<T>(run: () => T, ...allowed: Errors): T | null {
  try {
    return run();
  } catch (error) {
    if (allowed.some((kind) => error instanceof kind)) return null;
    throw error;
  }
}

/** One change somewhere in a body: another value, nothing, the same twice, or deeper down. */
interface Change {
  at: number;
  how: "put" | "drop" | "double" | "wrap" | "rename";
  value: unknown;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom("put", "put", "put", "drop", "double", "wrap", "rename"),
  value: fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      null,
      "",
      -1,
      1e308,
      2 ** 60,
      0.5,
      [],
      {},
      "__proto__",
      "constructor",
      "data:,",
      "tgs1_AAAA",
      "\ud800",
      [[[]]],
    ),
  ),
});

/** Every place of a value: its holder and its name in it. */
function places(
  value: JsonValue,
  found: [JsonObject | JsonValue[], string][] = [],
): [JsonObject | JsonValue[], string][] {
  if (typeof value !== "object" || value === null) return found;
  for (const [name, item] of Object.entries(value)) {
    found.push([value, name]);
    if (item !== undefined) places(item, found);
  }
  return found;
}

function changed(seed: JsonValue, changes: readonly Change[]): JsonValue {
  const body = structuredClone(seed);
  for (const { at, how, value } of changes) {
    const all = places(body);
    const [holder, name] = all[at % Math.max(1, all.length)] ?? [];
    if (holder === undefined || name === undefined) return JSON.parse(JSON.stringify(value) ?? "null") as JsonValue;
    const fields = holder as JsonObject;
    if (how === "drop") delete fields[name];
    else if (how === "rename") fields[typeof value === "string" ? value : "x"] = fields[name];
    else if (how === "wrap") fields[name] = [fields[name] ?? null];
    else if (how === "double" && Array.isArray(holder))
      Array.prototype.push.call(holder, structuredClone(fields[name] ?? null));
    else fields[name] = structuredClone(value) as JsonValue;
  }
  return body;
}

const badBody = (seeds: readonly Seed[]): fc.Arbitrary<Seed> =>
  fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([seed, changes]) => ({ ...seed, body: changed(seed.body, changes) }));

/** The codec of an operation that isn't a conversation. */
const codecOf = (dialect: Dialect, operation: Operation) => (operation === "embed" ? dialect.embed : dialect.image);

/** Bodies of requests, nearly right or wholly wrong: scanned, read for routing, decoded, and sent on in every dialect, or refused. */
export function badRequestBodies(options: fc.Parameters<unknown>): void {
  const property = fc.property(badBody(REQUESTS), ({ dialect: id, operation, body }) => {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const doc = attempt(() => scanObject(bytes), JsonScanError);
    const object = parseJson(JSON.stringify(body));
    if (doc === null || !isObject(object)) return;
    const dialect = DIALECTS[id];
    const codec = codecOf(dialect, operation);
    if (operation === "embed" || operation === "image") {
      attempt(() => codec?.hints(doc, ROUTE), GatewayError);
      attempt(() => codec?.decodeRequest(object, ROUTE), GatewayError);
      attempt(() => codec?.spliceRequest(doc, { model: "up" }, ROUTE, targetOf(id)), GatewayError);
      return;
    }
    const reader = operation === "count" ? dialect.count : dialect;
    const request = attempt(() => reader?.decodeRequest(object, { route: ROUTE, seals }), GatewayError) ?? null;
    attempt(() => dialect.hints(doc, ROUTE).signals(), GatewayError);
    const owned = { model: "up", maxOutput: 9 };
    attempt(() => dialect.spliceRequest(doc, owned, ROUTE, targetOf(id)), GatewayError, JsonScanError);
    if (request !== null) sendOn(request);
  });
  fc.assert(property, options);
}

function sendOn(request: GenerateRequest): void {
  for (const id of DIALECT_IDS) {
    attempt(() => DIALECTS[id].encodeRequest(request, targetOf(id)), GatewayError);
    attempt(() => DIALECTS[id].count?.encodeRequest(request, targetOf(id)), GatewayError);
  }
}

/** Answers of providers to every operation, nearly right or wholly wrong, and the same as errors. */
export function badAnswerBodies(options: fc.Parameters<unknown>): void {
  const property = fc.property(badBody(ANSWERS), ({ dialect: id, operation, body }) => {
    const text = JSON.stringify(body);
    const value = parseJson(text);
    const dialect = DIALECTS[id];
    const facts = { target: targetOf(id) };
    if (operation === "generate") {
      const isRead = attempt(() => dialect.decodeAnswer(value, facts, () => undefined) ?? true, DecodeError);
      if (isRead !== null) dialect.annotateBody(new TextEncoder().encode(text), ANNOTATION);
    }
    if (operation === "count") attempt(() => dialect.count?.decodeAnswer(value), DecodeError);
    if (operation === "embed" || operation === "image") {
      attempt(() => codecOf(dialect, operation)?.decodeAnswer(value, facts), DecodeError);
    }
    dialect.decodeError(500, text, new Headers());
  });
  fc.assert(property, options);
}

export type Reader = Pick<SseReader, "push" | "end">;
export const readerOf = (isArray: boolean, maxFrameBytes?: number): Reader => {
  const limit = maxFrameBytes === undefined ? {} : { maxFrameBytes };
  return isArray ? new JsonArrayReader(limit) : new SseReader(limit);
};

/** Most events that one byte of a stream may stand for: no loop runs on its own. */
const EVENTS_PER_BYTE = 4;

/** Feeds pieces through framing and decoder; gives the number of events, and the frames that a relay would hold back. */
function feed(
  pieces: readonly Uint8Array[],
  reader: Reader,
  decoder: AnswerDecoder,
): { events: number; held: HeldFrame[] } {
  let events = 0;
  const held: HeldFrame[] = [];
  const emit = (): void => void (events += 1);
  const read = (frames: ReturnType<Reader["push"]>): void => {
    for (const { frame, raw, isComment } of frames) {
      if (!isComment && decoder.push(frame, emit) === "tail") held.push({ frame, raw });
    }
  };
  for (const piece of pieces) read(reader.push(piece));
  read(reader.end());
  decoder.end(emit);
  return { events, held };
}

/** A cost and an extension, which a relay puts into whatever the provider sent last. */
const ANNOTATION: Annotation = {
  costCents: "0.5",
  extensionName: "tollgate",
  extension: { request_id: "r" },
  usage: { ...emptyUsage(), tokens: { input: 1 } },
};

/** A whole answer cut into frames: its top-level fields, its lists entry by entry, and the names of the stream's events. */
const frameOf = (seed: Seed): string[] => {
  const body = isObject(seed.body) ? seed.body : {};
  const items = places(body).flatMap(([holder, name]) => {
    const item = (holder as JsonObject)[name];
    return isObject(item) ? [item] : [];
  });
  const events = ["message_start", "content_block_start", "content_block_delta", "message_delta", "response.created"];
  const named = events.map((type, index) => ({ type, index, message: body, delta: items[0] ?? null, response: body }));
  return [body, ...items, ...named].map((item) => JSON.stringify(item));
};

/** Streams of frames that are nearly right, and of bytes that are nothing, cut anywhere. */
export function badStreams(options: fc.Parameters<unknown>): void {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const near = badBody(ANSWERS.filter((seed) => seed.operation === "generate")).chain((seed) =>
    fc.array(fc.constantFrom(...frameOf(seed)), { maxLength: 8 }).map((frames) => frames),
  );
  const stream = fc.oneof(
    fc.array(bytes, { maxLength: 6 }).map((pieces) => Buffer.concat(pieces)),
    near.map((frames) => Buffer.from(frames.map((frame) => `data: ${frame}\n\n`).join(""))),
    near.map((frames) => Buffer.from(`[${frames.join(",")}]`)),
  );
  const property = fc.property(
    fc.constantFrom<DialectId>(...DIALECT_IDS),
    fc.boolean(),
    stream,
    fc.nat({ max: 300 }),
    (id, isArray, whole, at) => {
      const decoder = DIALECTS[id].createDecoder({ target: targetOf(id) });
      const pieces = [whole.subarray(0, at), whole.subarray(at)];
      const fed = attempt(() => feed(pieces, readerOf(isArray), decoder), DecodeError, FrameLimitError);
      if (fed === null) return;
      const { events, held } = fed;
      for (const includeUsage of [false, true]) {
        DIALECTS[id].annotateTail(held, { route: { ...ROUTE, sse: !isArray }, includeUsage }, ANNOTATION);
      }
      if (events > EVENTS_PER_BYTE * whole.length + 8) throw new Error(`${events} events out of ${whole.length} bytes`);
    },
  );
  fc.assert(property, options);
}
