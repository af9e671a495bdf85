import { readsInside, readsOnly } from "../shared/half-read.ts";

const CACHE_CONTROL = { cache_control: readsOnly(["type", "ttl"]) };

const BASE64 = readsOnly(["type", "media_type", "data"]);
const SOURCES = {
  base64: BASE64,
  text: BASE64,
  url: readsOnly(["type", "url"]),
  file: readsOnly(["type", "file_id"]),
};
const IMAGE = readsInside({ source: readsInside({}, SOURCES) });
/** Other sources are kept whole. */
const DOCUMENT = readsInside({ source: readsInside({}, SOURCES), citations: readsOnly(["enabled"]) });

const BLOCKS = { image: IMAGE, document: DOCUMENT };
const CONTENT = readsInside(CACHE_CONTROL, {
  ...BLOCKS,
  thinking: readsOnly(["type", "thinking", "signature"]),
  redacted_thinking: readsOnly(["type", "data"]),
  tool_result: readsInside({ content: readsInside(CACHE_CONTROL, BLOCKS) }),
});

const ANY_TOOL = readsOnly(["type", "disable_parallel_tool_use"]);
const FORMAT = readsOnly(["type", "schema"]);

/** What of a Messages request's inner objects is read. */
export const HALF_READ = readsInside({
  ...CACHE_CONTROL,
  system: readsInside(CACHE_CONTROL),
  messages: readsInside({ content: CONTENT }),
  tools: readsInside(CACHE_CONTROL),
  tool_choice: readsInside(
    {},
    { auto: ANY_TOOL, any: ANY_TOOL, none: ANY_TOOL, tool: readsOnly(["type", "name", "disable_parallel_tool_use"]) },
  ),
  output_config: readsInside({ format: FORMAT }),
  output_format: FORMAT,
});
