/** Conversations in the form of a dialect: what stands in another order or place there, or in another kind of part, and says the same. */
import { guessMediaType } from "../../../src/dialects/gemini/media.ts";
import type { MediaSource, Part, PartOf, Turn } from "../../../src/ir/request.ts";
import { type Form, isOpenAi, isOwn } from "./forms.ts";

const INSTRUCTION = "Answer with a single JSON";

/** Without the instruction by which JSON is asked for where there is no setting for it. */
export function systemIn(parts: readonly Part[], form: Form): Part[] {
  const isAsked = form.dialect === "anthropic-messages" && form.asked.output.kind !== "text";
  return parts.filter((part) => !isAsked || part.type !== "text" || !part.text.startsWith(INSTRUCTION));
}

/** The conversation with what stands in another order or place, and means the same there. */
export function turnsIn(turns: readonly Turn[], form: Form): Turn[] {
  if (form.dialect === "openai-responses") return turns.map((turn) => ({ ...turn, parts: turn.parts.map(headed) }));
  if (!isOpenAi(form)) {
    const plain = turns.map((turn) => ({ ...turn, parts: turn.parts.map((part) => plainPart(part, form)) }));
    return form.dialect === "gemini" ? plain.map((turn) => mediaBeside(turn, form)).map(thoughtsTogether) : plain;
  }
  const plain = isOwn(form) ? turns : turns.map((turn) => ({ ...turn, parts: turn.parts.map(withoutFile) }));
  return withAttachments(plain).map((turn) => {
    if (turn.role === "assistant") return { ...turn, parts: messageOrder(turn.parts, form) };
    return { ...turn, parts: turn.parts.map((part) => mediaLast(part, form)) };
  });
}

/** A text with a title is a text below its title; a title is the name of a file. */
function headed(part: Part): Part {
  if (part.type === "tool-result") return { ...part, content: part.content.map(headed) };
  if (part.type !== "media") return part;
  const { title, context, text, path, ...rest } = part;
  if (text === undefined) {
    const filename = part.filename ?? title;
    const named = filename === undefined ? {} : { filename };
    return { ...rest, path, ...(context === undefined ? {} : { context }), ...named };
  }
  const heading = [title, context].filter((item) => item !== undefined && item !== "").join("\n");
  const whole = heading === "" ? text : `${heading}\n\n${text}`;
  return { type: "text", text: whole, path, ...(rest.cache === undefined ? {} : { cache: rest.cache }) };
}

/** Refusals are text; thoughts are shown in short; documents have a title; what a URL leads to is told by its ending. */
function plainPart(part: Part, form: Form): Part {
  if (part.type === "refusal") return { ...part, type: "text" };
  if (part.type === "tool-result") return { ...part, content: part.content.map((item) => plainPart(item, form)) };
  if (part.type === "reasoning" && part.form === "full") return { ...part, form: "summary" };
  if (part.type !== "media") return part;
  if (form.dialect === "gemini" && part.text !== undefined) return { type: "text", text: part.text, path: part.path };
  if (form.dialect === "gemini") {
    const isUnknown = part.source.kind !== "inline" && guessMediaType(nameOf(part.source)) === undefined;
    return isUnknown ? { ...part, kind: "document" } : part;
  }
  // Anthropic has plain texts as documents, too.
  const { filename, text: _text, ...rest } = part;
  return filename === undefined ? rest : { ...rest, title: part.title ?? filename };
}

/** Thoughts come in pieces, which are one until something else is said or a signature ends them. */
function thoughtsTogether(turn: Turn): Turn {
  const parts: Part[] = [];
  for (const part of turn.parts) {
    if (part.type === "text" && part.text === "" && part.seal === undefined) continue;
    const last = parts.at(-1);
    const goesOn = part.type === "reasoning" && last?.type === "reasoning" && last.seal === undefined;
    if (goesOn) parts.splice(-1, 1, { ...part, text: last.text + part.text, path: last.path });
    else parts.push(part);
  }
  return { ...turn, parts };
}

/** A result has one text. */
function oneText(texts: readonly PartOf<"text">[]): Part[] {
  const said = texts.filter((part) => part.text !== "");
  const [first] = said;
  return first === undefined ? [] : [{ ...first, text: said.map((part) => part.text).join("\n") }];
}

/** Media of results stand behind all of them, as parts of their own; Gemini 3 takes data inside of them. */
function mediaBeside(turn: Turn, form: Form): Turn {
  const results = turn.parts.filter((part) => part.type === "tool-result");
  const others = turn.parts.filter((part) => part.type !== "tool-result");
  const isText = (item: Part): boolean => item.type === "text";
  const media = results.flatMap((part) => part.content.filter((item) => !isText(item)));
  const texts = results.map((part) => ({
    ...part,
    content: oneText(part.content.filter((item) => item.type === "text")),
  }));
  const isInside = (part: Part): boolean =>
    form.target.flags.thinking === "adaptive" && part.type === "media" && part.source.kind === "inline";
  const [inside, beside] = [media.filter(isInside), media.filter((part) => !isInside(part))];
  return { ...turn, parts: [...texts, ...inside, ...beside, ...others] };
}

const nameOf = (source: MediaSource): string =>
  source.kind === "url" ? source.url : source.kind === "file" ? source.id : "";

/** Chat messages have one field for reasoning, one for refusals, and calls behind the content. */
function messageOrder(parts: readonly Part[], form: Form): Part[] {
  const thoughts = parts.filter((part) => part.type === "reasoning");
  const refusals = parts.filter((part) => part.type === "refusal");
  const calls = parts.filter((part) => part.type === "tool-call");
  const said = parts.filter((part) => part.type === "text" || part.type === "native");
  const sealed = thoughts.filter((part) => part.seal !== undefined);
  const open = thoughts.filter((part) => part.seal === undefined);
  const texts = said.filter((part) => part.type === "text" && part.text !== "");
  const others = said.filter((part) => part.type !== "text");
  const content = form.target.compat.string_content ? [...oneString(texts as PartOf<"text">[]), ...others] : said;
  return [...sealed, ...joined(open), ...content, ...joined(refusals), ...calls];
}

/** Texts that become one string; what is cited then belongs to the message as a whole. */
const oneString = (texts: readonly PartOf<"text">[]): Part[] =>
  joined(texts).map(({ citations: _citations, ...part }) => part);

function joined<T extends PartOf<"reasoning" | "refusal" | "text">>(parts: readonly T[]): T[] {
  const [first] = parts;
  return first === undefined ? [] : [{ ...first, text: parts.map((part) => part.text).join("") }];
}

/** Every model reads a plain text, which needs no file. */
function withoutFile(part: Part): Part {
  if (part.type === "tool-result") return { ...part, content: part.content.map(withoutFile) };
  if (part.type !== "media" || part.kind !== "document" || part.source.kind !== "inline") return part;
  if (!part.source.mediaType.startsWith("text/")) return part;
  const { path, cache, source } = part;
  const text = Buffer.from(source.base64, "base64").toString("utf8");
  return { type: "text", text, path, ...(cache === undefined ? {} : { cache }) };
}

/** A result's texts stand in its message, its media in the one that follows. */
function mediaLast(part: Part, form: Form): Part {
  if (part.type !== "tool-result") return part;
  const texts = part.content.filter((item) => item.type === "text");
  const others = part.content.filter((item) => item.type !== "text");
  const lines = form.target.compat.string_content ? oneText(texts) : texts;
  return { ...part, content: [...lines, ...others] };
}

const ATTACHMENTS = /^Attachments of tool call (.+):$/;

/** Media of tool results, which follow in a user message, put back into their results. */
function withAttachments(turns: readonly Turn[]): Turn[] {
  const results = new Map<string, PartOf<"tool-result">>();
  const out: Turn[] = [];
  for (const turn of turns) {
    const parts = turn.parts.map((part): Part =>
      part.type === "tool-result" ? { ...part, content: [...part.content] } : part,
    );
    for (const part of parts) if (part.type === "tool-result") results.set(part.toolId, part);
    const [first] = parts;
    if (first?.type !== "text" || !ATTACHMENTS.test(first.text)) {
      out.push({ ...turn, parts });
      continue;
    }
    let owner: PartOf<"tool-result"> | undefined;
    for (const part of parts) {
      const id = part.type === "text" ? ATTACHMENTS.exec(part.text)?.[1] : undefined;
      if (id === undefined) owner?.content.push(part);
      else owner = results.get(id);
      const [note] = owner?.content ?? [];
      if (id !== undefined && note?.type === "text" && note.text.startsWith("(see the attachments"))
        owner?.content.shift();
    }
  }
  return out;
}
