import type { JsonObject, JsonValue } from "../lib/json.ts";
import { countText } from "../tokens/count.ts";

const DEFAULT_DIMENSIONS = 8;
const MAX_DIMENSIONS = 4096;

/** An OpenAI embeddings answer: unit vectors made from the text's hash, as numbers or as base64 of little-endian floats. */
export function embeddingsBody(request: JsonObject): JsonObject {
  const inputs = readInputs(request["input"]);
  const asked = request["dimensions"];
  const dimensions =
    typeof asked === "number" && Number.isInteger(asked) && asked > 0
      ? Math.min(asked, MAX_DIMENSIONS)
      : DEFAULT_DIMENSIONS;
  const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0);
  return {
    object: "list",
    data: inputs.map((input, index) => {
      const vector = embed(input.text, dimensions);
      const embedding =
        request["encoding_format"] === "base64" ? Buffer.from(vector.buffer).toString("base64") : Array.from(vector);
      return { object: "embedding", index, embedding };
    }),
    model: typeof request["model"] === "string" ? request["model"] : "echo",
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** A text, a list of texts, a list of token numbers, or a list of such lists. */
function readInputs(input: JsonValue | undefined): { text: string; tokens: number }[] {
  if (!Array.isArray(input)) return [readInput(input ?? "")];
  return input.every((item) => typeof item === "number") ? [readInput(input)] : input.map((item) => readInput(item));
}

function readInput(item: JsonValue): { text: string; tokens: number } {
  if (typeof item === "string") return { text: item, tokens: countText(item, "openai") };
  return { text: JSON.stringify(item), tokens: Array.isArray(item) ? item.length : 1 };
}

function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  let squares = 0;
  for (let index = 0; index < dimensions; index += 1) {
    const value = (Number(BigInt(Bun.hash(text, index)) % 2_000_001n) - 1_000_000) / 1_000_000;
    vector[index] = value;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  return length === 0 ? vector.fill(1 / Math.sqrt(dimensions)) : vector.map((value) => value / length);
}
