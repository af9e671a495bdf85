import type { JsonObject } from "../../lib/json.ts";

/** What a model list tells of a model. */
export interface GeminiModelFacts {
  id: string;
  displayName: string;
  /** Tokens. */
  context: number;
  maxOutput: number | null;
  /** It embeds instead of generating. */
  isEmbedding: boolean;
}

/** One entry of `GET /v1beta/models` (https://ai.google.dev/api/models#Model). */
export function geminiModelResource(model: GeminiModelFacts): JsonObject {
  return {
    name: `models/${model.id}`,
    baseModelId: model.id,
    version: "001",
    displayName: model.displayName,
    description: model.displayName,
    inputTokenLimit: model.context,
    outputTokenLimit: model.maxOutput ?? model.context,
    supportedGenerationMethods: model.isEmbedding
      ? ["embedContent", "batchEmbedContents"]
      : ["generateContent", "streamGenerateContent", "countTokens"],
  };
}
