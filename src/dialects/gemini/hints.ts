import type { Hints, InputBound, PriceField, ProviderReference, RequestSignals, RouteFacts } from "../dialect.ts";
import { invalidRequest } from "../../ir/error.ts";
import type { Capability } from "../../ir/target.ts";
import { isObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import type { ScannedObject } from "../../wire/scan.ts";
import { contentText, type Said, signalsOf } from "../shared/signals.ts";
import { fileMediaType, isProviderFile, mediaKind } from "./media.ts";
import { objectsOf } from "../shared/wire-values.ts";
import { protoField, ProtoReader, textOf } from "./proto.ts";
import { peekRealm } from "./signature.ts";
import { tierWord } from "./tier.ts";
import { hostedToolName } from "./tool-names.ts";

const FIELDS = ["contents", "systemInstruction", "tools", "generationConfig", "cachedContent", "serviceTier"] as const;

/** What routing, limits and the hold need of a generateContent body (or of the one inside a countTokens body). Throws GatewayError 400. */
export function hints(doc: ScannedObject, route: RouteFacts): Hints {
  const inner = wireField(doc, "generateContentRequest");
  const body = isObject(inner) ? inner : topFields(doc);
  const reader = new ProtoReader(body, "");
  const config = reader.object("generationConfig");
  const tools = toolsOf(reader);
  const scan = new ContentScan();
  const contents = objectsOf(reader.list("contents"));
  for (const [index, content] of contents.entries()) scan.content(content, `contents[${index}]`);
  const system = reader.value("systemInstruction");
  if (isObject(system)) scan.content(system, "systemInstruction");
  const cached = reader.string("cachedContent");
  if (cached !== undefined) {
    scan.references.push({ field: "cachedContent", kind: "cached_content", id: cached });
    scan.bound.uncountable = true;
  }
  scan.bound.textBytes = Math.max(0, doc.bytes.length - scan.inlineLength);
  const tier = tierWord(reader.string("serviceTier"));
  const priceFields: PriceField[] = [...tools.priceFields];
  if (tier !== null && tier !== "standard") {
    priceFields.push({ field: "serviceTier", kind: "service_tier", value: tier });
  }
  const maxOutput = positive(config, "maxOutputTokens");
  const n = positive(config, "candidateCount") ?? 1;
  const needs = needsOf(config, n, tools.functions > 0, scan.media);
  return {
    model: route.model,
    stream: route.stream ?? false,
    maxOutput: maxOutput ?? null,
    n,
    needs,
    input: scan.bound,
    includeUsage: true,
    priceFields,
    references: [...scan.references, ...tools.references],
    toolLoop: endsInResults(contents.at(-1)),
    sealRealm: scan.realm,
    signals: () => geminiSignals(contents, system, tools.functions, config),
  };
}

function wireField(doc: ScannedObject, name: string): JsonValue | undefined {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return (doc.value(name) ?? doc.value(snake) ?? undefined) as JsonValue | undefined;
}

function topFields(doc: ScannedObject): JsonObject {
  const body: JsonObject = {};
  for (const name of FIELDS) body[name] = wireField(doc, name);
  return body;
}

function positive(config: ProtoReader | undefined, name: string): number | undefined {
  const value = config?.integer(name);
  if (value === undefined || value > 0) return value;
  const at = config?.at(name) ?? name;
  throw invalidRequest(at, `${at} must be greater than 0`);
}

/** Walks the contents once: media sizes, provider files and the newest signature. */
class ContentScan {
  readonly bound: InputBound = {
    textBytes: 0,
    images: 0,
    audioBytes: 0,
    videoBytes: 0,
    documentBytes: 0,
    uncountable: false,
  };
  readonly references: ProviderReference[] = [];
  readonly media = new Set<Capability>();
  /** Bytes of the body that are base64 of media. */
  inlineLength = 0;
  realm: string | null = null;

  content(content: JsonObject, path: string): void {
    for (const [index, part] of objectsOf(content.parts).entries()) this.#part(part, `${path}.parts[${index}]`);
  }

  #part(part: JsonObject, path: string): void {
    const blob = protoField(part, "inlineData");
    if (isObject(blob)) this.#blob(blob);
    const file = protoField(part, "fileData");
    if (isObject(file)) this.#file(file, `${path}.fileData.fileUri`);
    const response = protoField(part, "functionResponse");
    if (isObject(response)) this.content(response, `${path}.functionResponse`);
    const signature = textOf(protoField(part, "thoughtSignature"));
    if (signature !== undefined) this.realm = peekRealm(signature) ?? this.realm;
  }

  #blob(blob: JsonObject): void {
    const length = textOf(blob.data)?.length ?? 0;
    this.inlineLength += length;
    this.#count(textOf(protoField(blob, "mimeType")) ?? "", Math.ceil((length * 3) / 4));
  }

  #file(file: JsonObject, field: string): void {
    this.bound.uncountable = true;
    const uri = textOf(protoField(file, "fileUri")) ?? "";
    if (isProviderFile(uri)) this.references.push({ field, kind: "file", id: uri });
    this.#count(textOf(protoField(file, "mimeType")) ?? fileMediaType(uri), 0);
  }

  #count(mediaType: string, bytes: number): void {
    const kind = mediaKind(mediaType);
    if (kind === "image") this.bound.images += 1;
    else if (kind === "audio") this.bound.audioBytes += bytes;
    else if (kind === "video") this.bound.videoBytes += bytes;
    else this.bound.documentBytes += bytes;
    this.media.add(kind === "image" ? "images" : kind === "document" ? "documents" : kind);
  }
}

function toolsOf(reader: ProtoReader): {
  functions: number;
  priceFields: PriceField[];
  references: ProviderReference[];
} {
  let functions = 0;
  const priceFields: PriceField[] = [];
  const references: ProviderReference[] = [];
  for (const [index, tool] of objectsOf(reader.list("tools")).entries()) {
    functions += objectsOf(protoField(tool, "functionDeclarations")).length;
    for (const [name, value] of Object.entries(tool)) {
      if (value === null || name === "functionDeclarations" || name === "function_declarations") continue;
      const field = `tools[${index}].${name}`;
      const known = hostedToolName(name);
      priceFields.push({ field, kind: known === null ? "unknown_tool" : "server_tool", value: known ?? name });
      if (known === "file_search" && isObject(value)) references.push(...storesOf(value, field));
    }
  }
  return { functions, priceFields, references };
}

function storesOf(value: JsonObject, field: string): ProviderReference[] {
  const names = protoField(value, "fileSearchStoreNames");
  if (!Array.isArray(names)) return [];
  return names.flatMap((id) => (typeof id === "string" ? [{ field, kind: "vector_store" as const, id }] : []));
}

function needsOf(
  config: ProtoReader | undefined,
  n: number,
  hasTools: boolean,
  media: ReadonlySet<Capability>,
): ReadonlySet<Capability> {
  const needs = new Set<Capability>(media);
  if (hasTools) needs.add("tools");
  if (n > 1) needs.add("n");
  if (config === undefined) return needs;
  const hasSchema = config.value("responseSchema") !== undefined || config.value("responseJsonSchema") !== undefined;
  if (hasSchema) needs.add("json_schema");
  else if (config.value("responseMimeType") === "application/json") needs.add("json_object");
  if (config.value("responseLogprobs") === true) needs.add("logprobs");
  for (const modality of config.list("responseModalities") ?? []) {
    const name = typeof modality === "string" ? modality.toLowerCase() : modality;
    if (name === "audio" || name === 3) needs.add("audio_output");
    if (name === "image" || name === 2) needs.add("image_output");
  }
  return needs;
}

function endsInResults(content: JsonObject | undefined): boolean {
  return objectsOf(content?.parts).some((part) => protoField(part, "functionResponse") !== undefined);
}

function geminiSignals(
  contents: readonly JsonObject[],
  system: JsonValue | undefined,
  tools: number,
  config: ProtoReader | undefined,
): RequestSignals {
  const thinking = config?.value("thinkingConfig");
  const level = isObject(thinking) ? textOf(protoField(thinking, "thinkingLevel")) : undefined;
  const said = contents.map(({ role, parts }): Said => ({
    by: role === "model" ? "other" : "user",
    text: contentText(parts),
  }));
  const instructions = isObject(system) ? contentText(system.parts) : "";
  return signalsOf([{ by: "instructions", text: instructions }, ...said], {
    tools,
    reasoningEffort: level?.toLowerCase() ?? null,
  });
}
