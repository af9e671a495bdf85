/** The round trips themselves, run by the tests for a moment and by `scripts/fuzz.ts` for as long as one likes. */
import * as fc from "../../support/property.ts";
import type { AnswerContext, Annotation } from "../../../src/dialects/dialect.ts";
import { DIALECTS } from "../../../src/dialects/index.ts";
import type { DialectId } from "../../../src/ir/dialect-id.ts";
import type { Answer } from "../../../src/ir/answer.ts";
import type { IrEvent } from "../../../src/ir/events.ts";
import { foldEvents } from "../../../src/ir/fold.ts";
import type { Loss } from "../../../src/ir/loss.ts";
import type { GenerateRequest } from "../../../src/ir/request.ts";
import type { TargetFacts } from "../../../src/ir/target.ts";
import { emptyUsage } from "../../../src/ir/usage.ts";
import { type JsonObject, parseJson } from "../../../src/lib/json.ts";
import { SseReader } from "../../../src/wire/sse.ts";
import { BASE, ROUTE, seals, targetOf } from "../../matrix/carry.ts";
import { type AnswerForm, answerSaid, lostSeals } from "./answer-facts.ts";
import { answerOf } from "./answers.ts";
import { unlisted } from "./compare.ts";
import { saidIn } from "./request-facts.ts";
import { requestOf } from "./requests.ts";
import { targetsOf } from "./targets.ts";
import { dialect as anyDialect } from "./values.ts";

/** What a request has lost without telling, on its way to a provider of the dialect. */
export function requestFaults(request: GenerateRequest, target: TargetFacts): string[] {
  const { dialect } = target;
  const form = { dialect, asked: request, target };
  const encoded = DIALECTS[dialect].encodeRequest(request, target);
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
  const property = fc.property(request, targetsOf(dialect), (sent, target) => {
    const faults = requestFaults(sent, target);
    if (faults.length > 0) throw new Error(faults.join("\n  "));
  });
  fc.assert(property, options);
}

function contextOf({ dialect, origin }: AnswerForm): AnswerContext {
  const body = { ...BASE[dialect] };
  return {
    requestId: "req_1",
    created: 1,
    model: "m",
    request: { ...DIALECTS[dialect].decodeRequest(body, { route: ROUTE, seals }), includeUsage: true },
    body,
    route: { ...ROUTE, stream: true },
    seals,
    target: targetOf(origin),
    inputTokens: () => 9,
    stored: false,
  };
}

const annotationOf = (answer: Answer): Annotation => ({
  costCents: null,
  extensionName: "tollgate",
  extension: null,
  usage: answer.usage ?? emptyUsage(),
});

/** Written as a stream and read again. */
function streamed(events: readonly IrEvent[], form: AnswerForm, losses: Loss[]): Answer {
  const encoder = DIALECTS[form.dialect].createEncoder(contextOf(form));
  const wire = events.map((event) => encoder.push(event)).join("") + encoder.finish(annotationOf(foldEvents(events)));
  losses.push(...encoder.losses);
  const decoder = DIALECTS[form.dialect].createDecoder({ target: targetOf(form.dialect) });
  const again: IrEvent[] = [];
  const emit = (event: IrEvent): void => void again.push(event);
  const reader = new SseReader();
  for (const { frame, isComment } of [...reader.push(Buffer.from(wire)), ...reader.end()]) {
    if (!isComment) decoder.push(frame, emit);
  }
  decoder.end(emit);
  return foldEvents(again);
}

/** Written as JSON and read again. */
function whole(events: readonly IrEvent[], form: AnswerForm, losses: Loss[]): Answer {
  const answer = foldEvents(events);
  const body = DIALECTS[form.dialect].encodeAnswer(answer, contextOf(form), annotationOf(answer), losses);
  const again: IrEvent[] = [];
  const text = JSON.stringify(body);
  DIALECTS[form.dialect].decodeAnswer(
    parseJson(text),
    { target: targetOf(form.dialect) },
    (event) => void again.push(event),
  );
  return foldEvents(again);
}

/** What an answer has lost without telling, on its way to a client of the dialect. */
export function answerFaults(events: readonly IrEvent[], form: AnswerForm): string[] {
  const sent = foldEvents(events);
  return [streamed, whole].flatMap((travel) => {
    const losses: Loss[] = [];
    const got = travel(events, form, losses);
    losses.push(...got.losses);
    const faults = unlisted(answerSaid(sent, form, losses), answerSaid(got, form), losses);
    if (got.error !== null) return faults;
    const isToldOfSeals = losses.some((loss) => /\bstate\b/.test(loss.reason));
    if (!isToldOfSeals) faults.push(...lostSeals(sent, got, form, losses).map((value) => `seal lost: ${value}`));
    return faults.length === 0 ? [] : [travel.name, ...faults, `listed: ${JSON.stringify(losses)}`];
  });
}

/** Answers of any provider: what a client of the dialect reads is what was said, but for the losses that are listed. */
export function answersSurvive(dialect: DialectId, options: fc.Parameters<unknown>): void {
  const answer = anyDialect.chain((origin) =>
    answerOf(origin).map(({ events, isMixed }) => ({ events, form: { dialect, origin, isMixed } })),
  );
  const property = fc.property(answer, ({ events, form }) => {
    const faults = answerFaults(events, form);
    if (faults.length > 0) throw new Error(faults.join("\n  "));
  });
  fc.assert(property, options);
}
