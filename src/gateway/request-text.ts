import type { GenerateRequest, Part } from "../ir/request.ts";

/** Tokens that an image or other inline media stands for when the provider has not told its own count. */
const MEDIA_TOKENS: Record<string, number> = { image: 1_000, audio: 1_000, video: 2_000, document: 2_000 };

/** Everything of a request that becomes input tokens: its texts one after the other, and a flat count for media. */
export function countableInput(request: GenerateRequest): { texts: string[]; mediaTokens: number; turns: number } {
  const texts: string[] = [];
  let mediaTokens = 0;
  const visit = (part: Part): void => {
    switch (part.type) {
      case "text":
      case "refusal":
      case "reasoning":
        texts.push(part.text);
        return;
      case "tool-call":
        texts.push(part.name, part.arguments);
        return;
      case "tool-result":
        part.content.forEach(visit);
        return;
      case "media":
        if (part.text === undefined) mediaTokens += MEDIA_TOKENS[part.kind] ?? 0;
        else texts.push(part.text);
        return;
      case "native":
        texts.push(JSON.stringify(part.native.value));
    }
  };
  request.system.forEach(visit);
  for (const turn of request.turns) turn.parts.forEach(visit);
  for (const tool of request.tools) {
    texts.push(tool.name, tool.description ?? "", tool.schema === undefined ? "" : JSON.stringify(tool.schema));
  }
  if (request.output.kind === "schema") texts.push(JSON.stringify(request.output.schema));
  return { texts, mediaTokens, turns: request.turns.length };
}
