import type { JsonObject } from "../lib/json.ts";
import type { DialectId } from "./dialect-id.ts";
import type { Loss } from "./loss.ts";
import type { Usage } from "./usage.ts";

interface EmbedInputBase {
  /** Where it stood in the client's request: `input[3]`, `requests[0]`; "" = it is the request. */
  path: string;
  /** What the vector is for (Gemini `taskType`, such as RETRIEVAL_QUERY). */
  taskType?: string;
  /** Title of a document to be retrieved (Gemini `title`). */
  title?: string;
}

/** One thing to embed: text, or the token numbers of a text. */
export type EmbedInput =
  | (EmbedInputBase & { kind: "text"; text: string })
  | (EmbedInputBase & { kind: "tokens"; tokens: number[] });

/** An embed request in the form that every dialect decodes to and encodes from. */
export interface EmbedRequest {
  origin: DialectId;
  /** As the client wrote it. */
  model: string | null;
  /** At least one; the answer has one vector for each, in this order. */
  inputs: EmbedInput[];
  /** Length of the vectors asked for; null = the model's own. */
  dimensions: number | null;
  /** How the client wants its vectors written. Base64 is that of little-endian 32-bit floats (OpenAI). */
  encoding: "float" | "base64";
  user?: string;
  /** Unknown top-level fields, sent on only to the same dialect. */
  extras: { origin: DialectId; fields: JsonObject };
  /** Fields that no decoder reads: lost wherever the request is written anew. */
  losses?: Loss[];
}

/** One vector: numbers, or base64 of little-endian 32-bit floats as the provider sent it. */
export type EmbedVector = { kind: "floats"; values: number[] } | { kind: "base64"; text: string };

export interface EmbedAnswer {
  /** Model as the provider names it, null when it doesn't. */
  model: string | null;
  /** In the order of the inputs. */
  vectors: EmbedVector[];
  /** Null when the provider tells none (Gemini). */
  usage: Usage | null;
  losses: Loss[];
}
