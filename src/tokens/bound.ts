import type { InputBound } from "../dialects/dialect.ts";
import type { TokenFamily } from "./count.ts";

/** Upper bounds in tokens, for holds. */
export interface BoundTable {
  /** What a provider adds to a request by itself: chat template, the system prompt that enables tools. */
  overhead: number;
  /** The dearest single image. */
  image: number;
}

/**
 * Sources, as of 2026:
 * - OpenAI, "Images and vision": tile models scale an image into 2048 × 2048 with the short side at 768, at most 8 tiles; the dearest rate is
 *   gpt-4o-mini's, 2,833 + 8 × 5,667 = 48,169; patch models are below (1,536 patches × 2.46).
 * - Anthropic, "Vision": patches of 28 px; 2,576 px on the long edge at most, 4,784 tokens. "Tool use": the tools system prompt has up to 530
 *   tokens; computer use, bash and text editor tools up to 735 each.
 * - Google, "Media resolution": 1,120 tokens for a high resolution image, 2,240 for ultra high; 256 and up to 2,048 of pan and scan before Gemini 3.
 * - Others: Qwen-VL's processors allow 16,384 patches; larger ones are not known.
 */
export const BOUNDS: Readonly<Record<TokenFamily, BoundTable>> = {
  openai: { overhead: 256, image: 48_169 },
  anthropic: { overhead: 2_735, image: 4_784 },
  gemini: { overhead: 256, image: 2_560 },
  other: { overhead: 512, image: 16_384 },
};

/**
 * Audio has at most 32 tokens a second (Google, "Audio understanding"; OpenAI counts 10), and no codec in use goes below 2 kbit/s
 * (256 bytes a second): one token for 8 bytes.
 */
const AUDIO_BYTES_PER_TOKEN = 8;

/**
 * Upper bound of a request's input, tokens: never an estimate. Text: byte-level tokenizers never make more tokens than UTF-8 bytes. Images:
 * the dearest one. Video and documents: the context window, since a still frame or a compressed page takes hardly any bytes; so does
 * anything that can't be counted from here. Never more than `context`, which no accepted request exceeds; `context` 0 = unknown.
 */
export function boundInputTokens(
  input: InputBound,
  family: TokenFamily,
  context: number,
  table = BOUNDS[family],
): number {
  const limit = context > 0 ? context : Number.MAX_SAFE_INTEGER;
  const unbounded = input.uncountable || input.videoBytes > 0 || input.documentBytes > 0;
  if (unbounded) return limit;
  const audio = Math.ceil(input.audioBytes / AUDIO_BYTES_PER_TOKEN);
  return Math.min(limit, input.textBytes + table.overhead + input.images * table.image + audio);
}
