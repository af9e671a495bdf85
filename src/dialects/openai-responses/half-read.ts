import { type HalfRead, readsInside, readsOnly } from "../shared/half-read.ts";

const BREAKPOINT = { prompt_cache_breakpoint: readsOnly(["mode", "ttl"]) };
const CONTENT = readsInside(BREAKPOINT, {
  refusal: readsOnly(["type", "refusal"]),
  input_audio: readsOnly(["type", "prompt_cache_breakpoint"], { input_audio: readsOnly(["data", "format"]) }),
});
const MESSAGE = readsInside({ content: CONTENT });
const OUTPUT = readsInside({ output: CONTENT });
const TEXT = readsOnly(["type", "text"]);
const TYPE_ONLY = readsOnly(["type"]);

const CUSTOM = readsInside({ format: readsOnly(["type", "syntax", "definition"]) });
const TOOL_TYPES = { custom: CUSTOM, namespace: readsInside({ tools: readsInside({}, { custom: CUSTOM }) }) };

const TOOL_REFERENCE = readsOnly(["type", "name", "namespace"]);
const CHOICE = readsInside(
  {},
  {
    function: TOOL_REFERENCE,
    custom: TOOL_REFERENCE,
    allowed_tools: readsOnly(["type", "mode"], { tools: TOOL_REFERENCE }),
  },
);

const OBJECTS = {
  input: readsInside(
    {},
    {
      "": MESSAGE,
      message: MESSAGE,
      reasoning: readsOnly(["type", "id", "status", "encrypted_content"], { summary: TEXT, content: TEXT }),
      function_call_output: OUTPUT,
      custom_tool_call_output: OUTPUT,
    },
  ),
  tools: readsInside({}, TOOL_TYPES),
  text: readsInside({
    format: readsInside(
      {},
      {
        text: TYPE_ONLY,
        json_object: TYPE_ONLY,
        json_schema: readsOnly(["type", "name", "schema", "strict", "description"]),
      },
    ),
  }),
  // Padding is never added here, so nobody has to switch it off.
  stream_options: readsOnly(["include_obfuscation"]),
};

const WITHOUT_CHOICE = readsInside(OBJECTS);
const WITH_CHOICE = readsInside({ ...OBJECTS, tool_choice: CHOICE });

/** What of a Responses request's inner objects is read; a choice of something hosted is kept whole. */
export const halfRead = (isChoiceKept: boolean): HalfRead => (isChoiceKept ? WITHOUT_CHOICE : WITH_CHOICE);
