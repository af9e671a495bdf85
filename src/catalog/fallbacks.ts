import type { TokenClass } from "../ir/usage.ts";

/** Where a class without a price of its own takes it from; the first that has one counts. */
export const FALLBACKS: Readonly<Record<TokenClass, readonly TokenClass[]>> = {
  input: [],
  input_audio: ["input"],
  input_image: ["input"],
  input_video: ["input"],
  cached_input: ["input"],
  cached_input_audio: ["input_audio", "cached_input", "input"],
  cached_input_image: ["input_image", "cached_input", "input"],
  cached_input_video: ["input_video", "cached_input", "input"],
  cache_write_5m: ["input"],
  cache_write_30m: ["cache_write_5m", "input"],
  cache_write_1h: ["cache_write_30m", "cache_write_5m", "input"],
  output: [],
  output_audio: ["output"],
  output_image: ["output"],
  output_video: ["output"],
  reasoning: ["output"],
};
