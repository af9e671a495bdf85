import type { EmbedAnswer, EmbedRequest } from "../ir/embedding.ts";
import type { ImageAnswer, ImageRequest } from "../ir/image.ts";
import type { LiveCall } from "./live-call.ts";
import type { OperationFacts } from "./operation.ts";

/** Embeddings cost input tokens only. */
export function embedFacts(live: LiveCall): OperationFacts<EmbedRequest, EmbedAnswer> {
  return {
    codecOf: (dialect) => dialect.embed,
    usageOf: (answer) => answer.usage,
    countInput: (request, target) =>
      request.inputs.reduce((sum, input) => {
        const tokens = input.kind === "tokens" ? input.tokens.length : live.deps.tokens.countText(input.text, target);
        return sum + tokens;
      }, 0),
    imagesOf: () => null,
    // Servers that know no base64 answer with numbers, which OpenAI's SDK for JavaScript unpacks into other numbers.
    isAsAsked: (answer, request) =>
      request.encoding !== "base64" || answer.vectors.every((vector) => vector.kind === "base64"),
  };
}

/** Images cost by the picture, by size, and tokens where the provider tells them. */
export function imageFacts(live: LiveCall): OperationFacts<ImageRequest, ImageAnswer> {
  return {
    codecOf: (dialect) => dialect.image,
    usageOf: (answer) => answer.usage,
    countInput: (request, target) => live.deps.tokens.countText(request.prompt, target),
    imagesOf: (answer, request) => ({ [request.size ?? "default"]: answer.images.length }),
    isAsAsked: () => true,
  };
}
