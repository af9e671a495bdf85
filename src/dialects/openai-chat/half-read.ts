import { type HalfRead, readsInside, readsOnly } from "../shared/half-read.ts";

const NAMED = readsOnly(["name"]);
const CACHE_CONTROL = readsOnly(["type", "ttl"]);
const TOOL_REFERENCE = { function: NAMED, custom: NAMED };

const CONTENT = readsInside(
  {
    image_url: readsOnly(["url", "detail"]),
    input_audio: readsOnly(["data", "format"]),
    file: readsOnly(["file_id", "file_data", "filename"]),
    video_url: readsOnly(["url"]),
    cache_control: CACHE_CONTROL,
    prompt_cache_breakpoint: readsOnly(["mode", "ttl"]),
  },
  { refusal: readsOnly(["type", "refusal"]), thinking: readsOnly(["type", "thinking"]) },
);

const CALLED = readsOnly(["name", "arguments", "input"]);

const GRAMMAR = readsOnly(["syntax", "definition"]);
const CUSTOM = readsInside({ format: readsOnly(["type"], { grammar: GRAMMAR }) });
const SCHEMA = readsOnly(["name", "description", "schema", "strict"]);

/** A choice that names something hosted is kept whole. */
const CHOICE = readsInside(
  {},
  {
    function: readsOnly(["type"], { function: NAMED }),
    custom: readsOnly(["type"], { custom: NAMED }),
    allowed_tools: readsOnly(["type"], {
      allowed_tools: readsOnly(["mode"], { tools: readsOnly(["type"], TOOL_REFERENCE) }),
    }),
  },
);

const OBJECTS = {
  messages: readsInside({
    content: CONTENT,
    tool_calls: readsInside({ function: CALLED, custom: CALLED }),
    function_call: CALLED,
  }),
  tools: readsInside(
    {},
    {
      function: readsInside({ cache_control: CACHE_CONTROL }),
      custom: readsOnly(["type"], { custom: CUSTOM, cache_control: CACHE_CONTROL }),
    },
  ),
  function_call: NAMED,
  response_format: readsInside(
    {},
    {
      text: readsOnly(["type"]),
      json_object: readsOnly(["type", "schema"]),
      json_schema: readsOnly(["type"], { json_schema: SCHEMA }),
    },
  ),
  reasoning: readsOnly(["effort", "max_tokens", "enabled", "exclude", "summary"]),
  thinking: readsOnly(["type", "budget_tokens"]),
  // Padding is never added here, so nobody has to switch it off.
  stream_options: readsOnly(["include_usage", "include_obfuscation"]),
  cache_control: CACHE_CONTROL,
};

const WITHOUT_CHOICE = readsInside(OBJECTS);
const WITH_CHOICE = readsInside({ ...OBJECTS, tool_choice: CHOICE });

/** What of a chat request's inner objects is read. */
export const halfRead = (isChoiceKept: boolean): HalfRead => (isChoiceKept ? WITHOUT_CHOICE : WITH_CHOICE);
