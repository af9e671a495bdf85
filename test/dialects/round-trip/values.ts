/** Arbitrary values that conversations are made of: texts, JSON, media, seals. Small, since most faults show in small ones. */
import * as fc from "../../support/property.ts";
import { DIALECT_IDS, type DialectId } from "../../../src/ir/dialect-id.ts";
import type { Citation } from "../../../src/ir/events.ts";
import type { MediaSource, Part, PartOf } from "../../../src/ir/request.ts";
import type { Seal } from "../../../src/ir/seal.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { targetOf } from "../../matrix/carry.ts";

/** A part without the place that it stands at, which is given once the conversation is put together. */
export type Unplaced = Part extends infer P ? (P extends Part ? Omit<P, "path"> : never) : never;

/** Texts that trip up writers and readers of wire formats. */
const AWKWARD = [
  " ",
  "\n",
  "a\n\nb",
  '"',
  "\\",
  "{}",
  "null",
  '{"a":1}',
  "<think>x</think>",
  "data: [DONE]\n\n",
  "\u0000",
  "\u2028",
  "tgs1_",
  "tgs1_AAAA",
  "call_1tgs1_x",
  "𝔘𝔫𝔦",
  "é",
];

export const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(...AWKWARD) },
);
export const anyText = fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.constant("") });
export const name = fc.constantFrom("get_weather", "f", "look-up", "a.b", "mcp__server__tool", "x".repeat(64));
export const dialect: fc.Arbitrary<DialectId> = fc.constantFrom(...DIALECT_IDS);

/** As it would come out of a parser: no -0, no undefined. */
export const json: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 2, stringUnit: "grapheme" })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
export const jsonObject: fc.Arbitrary<JsonObject> = fc
  .dictionary(fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("__proto__", "input", "output", "error")), json, {
    maxKeys: 3,
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
/** The JSON of an object, also with numbers that a double can't hold. */
export const argumentsText = fc.oneof(
  { weight: 6, arbitrary: jsonObject.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom("", "{}", '{"id":12345678901234567890}', '{"x":1.10000000000000001}') },
  { weight: 1, arbitrary: fc.constantFrom("[1]", "3", "{", "not JSON", "null") },
);
export const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 9 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));

const textBase64 = text.map((value) => Buffer.from(value.toWellFormed()).toString("base64"));

const inline = (...types: string[]): fc.Arbitrary<MediaSource> =>
  fc.record({ kind: fc.constant("inline"), mediaType: fc.constantFrom(...types), base64 });
const byUrl = (ending: string): fc.Arbitrary<MediaSource> =>
  fc
    .constantFrom(
      `https://example.com/a.${ending}`,
      `http://example.com/ü/b.${ending}?c=d&e=%20f`,
      "https://example.com/c",
    )
    .map((url) => ({ kind: "url", url }));
const byFile: fc.Arbitrary<MediaSource> = dialect.map((origin) => ({
  kind: "file",
  id: origin === "gemini" ? "https://generativelanguage.googleapis.com/v1beta/files/abc" : "file-abc",
  origin,
  realm: targetOf(origin).realm,
}));

type Media = Unplaced & { type: "media" };
const media = (value: Omit<Media, "type">): Media => ({ type: "media", ...value });

export const image: fc.Arbitrary<Media> = fc
  .tuple(
    fc.oneof(inline("image/png", "image/jpeg", "image/gif", "image/webp"), byUrl("png"), byFile),
    fc.option(fc.constantFrom("auto", "low", "high"), { nil: undefined }),
  )
  .map(([source, detail]) => media({ kind: "image", source, ...(detail === undefined ? {} : { detail }) }));
export const audio: fc.Arbitrary<Media> = inline("audio/wav", "audio/mpeg", "audio/ogg", "audio/flac").map((source) =>
  media({ kind: "audio", source }),
);
export const video: fc.Arbitrary<Media> = fc
  .oneof(inline("video/mp4"), byUrl("mp4"))
  .map((source) => media({ kind: "video", source }));
const plainDocument: fc.Arbitrary<MediaSource> = textBase64.map((value) => ({
  kind: "inline",
  mediaType: "text/plain",
  base64: value,
}));
export const document: fc.Arbitrary<Media> = fc
  .tuple(
    fc.oneof(inline("application/pdf"), plainDocument, byUrl("pdf"), byFile),
    fc.option(fc.constantFrom("a.pdf", "ü b.txt"), { nil: undefined }),
  )
  .map(([source, filename]) => media({ kind: "document", source, ...(filename === undefined ? {} : { filename }) }));

const PLAIN: MediaSource = {
  kind: "inline",
  mediaType: "text/plain",
  base64: Buffer.from("A text.").toString("base64"),
};

/** What clients of one dialect can say of a document. */
const ATTRIBUTES: Readonly<Record<DialectId, readonly Partial<Media>[]>> = {
  "openai-chat": [{ detail: "original" }],
  "openai-responses": [{ detail: "original" }],
  "anthropic-messages": [
    { title: "T", context: "C" },
    { citations: true },
    { text: "A text.", title: "T", source: PLAIN },
  ],
  gemini: [{ detail: "ultra_high" }, { extras: { videoMetadata: { fps: 1 } } }],
};
/** Chat has no parts that it knows nothing of: they are refused where they can't be relayed. */
const NATIVES: Readonly<Partial<Record<DialectId, JsonObject>>> = {
  "openai-responses": { type: "web_search_call", id: "ws_1", status: "completed" },
  "anthropic-messages": { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
  gemini: { executableCode: { language: "PYTHON", code: "1" } },
};

/** A part that only clients of one dialect send: media with attributes of their own, blocks of hosted tools, cited and marked text. */
export const ownPart = fc.tuple(fc.nat({ max: 5 }), fc.nat(), base64).map(([what, pick, data]) => {
  return (origin: DialectId, role: "user" | "assistant"): Unplaced => {
    const list = ATTRIBUTES[origin];
    const isImage = origin !== "anthropic-messages";
    const mediaType = isImage ? "image/png" : "application/pdf";
    const source: MediaSource = { kind: "inline", mediaType, base64: data };
    const attributes = list[pick % list.length] ?? {};
    if (role === "user") return { ...media({ kind: isImage ? "image" : "document", source }), ...attributes } as Media;
    const native = NATIVES[origin];
    if (what === 0 && native !== undefined) return { type: "native", native: { origin, value: native } };
    if (what === 1 && origin === "gemini") return media({ kind: "image", source });
    if (what === 2 && origin === "openai-responses") return { type: "text", text: "Said.", phase: "commentary" };
    if (what === 3) return { type: "text", text: "Said.", citations: [CITATIONS[origin]] };
    return { type: "text", text: "Said." };
  };
});

export const textPart: fc.Arbitrary<Unplaced> = anyText.map((value) => ({ type: "text", text: value }));
export const mediaPart: fc.Arbitrary<Unplaced> = fc.oneof(image, audio, video, document);

const CITATIONS: Readonly<Record<DialectId, Citation>> = {
  "openai-chat": cited("openai-chat", {
    type: "url_citation",
    url_citation: { url: "https://example.com", title: "E", start_index: 0, end_index: 5 },
  }),
  "openai-responses": cited("openai-responses", {
    type: "url_citation",
    url: "https://example.com",
    title: "E",
    start_index: 0,
    end_index: 5,
  }),
  "anthropic-messages": cited("anthropic-messages", {
    type: "web_search_result_location",
    url: "https://example.com",
    title: "E",
    cited_text: "Said.",
    encrypted_index: "x",
  }),
  gemini: { kind: "url", url: "https://example.com", title: "E" },
};

function cited(origin: DialectId, value: JsonObject): Citation {
  return { kind: "url", url: "https://example.com", title: "E", start: 0, end: 5, native: { origin, value } };
}

const KINDS: Readonly<Record<DialectId, readonly Seal["kind"][]>> = {
  "openai-chat": ["encrypted"],
  "openai-responses": ["encrypted"],
  "anthropic-messages": ["signature", "redacted"],
  gemini: ["thought-signature"],
};

/** OpenRouter's `reasoning_details`, which are a seal as a whole. */
const details = (entry: JsonObject): string => JSON.stringify([entry]);

/** What a provider of some dialect mints, in the form that its own field has. */
export const seal: fc.Arbitrary<Seal> = fc.tuple(dialect, fc.nat(), base64).map(([origin, pick, bytes]) => {
  const kinds = KINDS[origin];
  const { provider, realm } = targetOf(origin);
  const value = origin === "openai-chat" ? details({ type: "reasoning.encrypted", data: bytes }) : bytes;
  return { origin, kind: kinds[pick % kinds.length] ?? "encrypted", provider, realm, model: "m", value };
});

/** Reasoning of an earlier answer: in the open, sealed, or nothing but a seal. */
export const reasoning: fc.Arbitrary<Unplaced> = fc
  .tuple(fc.option(seal, { nil: undefined }), text, fc.boolean())
  .map(([minted, value, isShort]): Omit<PartOf<"reasoning">, "path"> => {
    if (minted === undefined) return { type: "reasoning", form: "full", text: value };
    if (minted.kind === "redacted") return { type: "reasoning", form: "redacted", text: "", seal: minted };
    if (minted.origin === "openai-chat") {
      if (isShort) return { type: "reasoning", form: "redacted", text: "", seal: minted };
      const told = details({ type: "reasoning.text", text: value, signature: "abc" });
      return { type: "reasoning", form: "full", text: value, seal: { ...minted, value: told } };
    }
    const form = minted.kind === "signature" ? "full" : "summary";
    const item = minted.origin === "openai-responses" ? { itemId: "rs_1" } : {};
    const sealed = { ...minted, ...item };
    return { type: "reasoning", form, text: value, seal: sealed, ...item };
  });
