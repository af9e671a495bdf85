import { type TSchema, t } from "elysia";

/** Objects of the four wire formats: the fields that everybody uses; everything else passes, as at the providers themselves. */
const open = { additionalProperties: true } as const;
const anything = t.Record(t.String(), t.Any());
const content = t.Union([t.String(), t.Array(anything)]);

const message = t.Object(
  { role: t.String({ examples: ["user"] }), content: t.Optional(t.Union([content, t.Null()])) },
  open,
);

const chat = t.Object(
  {
    model: t.Optional(t.String({ description: "Model id, alias or routing word" })),
    messages: t.Array(message),
    stream: t.Optional(t.Boolean()),
    max_tokens: t.Optional(t.Integer({ minimum: 1 })),
    max_completion_tokens: t.Optional(t.Integer({ minimum: 1 })),
    temperature: t.Optional(t.Number()),
    top_p: t.Optional(t.Number()),
    n: t.Optional(t.Integer({ minimum: 1 })),
    stop: t.Optional(t.Union([t.String(), t.Array(t.String()), t.Null()])),
    tools: t.Optional(t.Array(anything)),
    tool_choice: t.Optional(t.Any()),
    response_format: t.Optional(anything),
    reasoning_effort: t.Optional(t.String()),
  },
  { ...open, examples: [{ model: "echo", messages: [{ role: "user", content: "Hello!" }] }] },
);

const responses = t.Object(
  {
    model: t.Optional(t.String()),
    input: t.Optional(content),
    instructions: t.Optional(t.Union([t.String(), t.Null()])),
    stream: t.Optional(t.Boolean()),
    max_output_tokens: t.Optional(t.Integer({ minimum: 1 })),
    tools: t.Optional(t.Array(anything)),
    reasoning: t.Optional(anything),
    text: t.Optional(anything),
    store: t.Optional(t.Boolean()),
    previous_response_id: t.Optional(t.Union([t.String(), t.Null()])),
  },
  { ...open, examples: [{ model: "echo", input: "Hello!" }] },
);

const messages = t.Object(
  {
    model: t.Optional(t.String()),
    messages: t.Array(message),
    max_tokens: t.Optional(t.Integer({ minimum: 1 })),
    system: t.Optional(content),
    stream: t.Optional(t.Boolean()),
    tools: t.Optional(t.Array(anything)),
    thinking: t.Optional(anything),
  },
  { ...open, examples: [{ model: "echo", max_tokens: 100, messages: [{ role: "user", content: "Hello!" }] }] },
);

const embeddings = t.Object(
  {
    model: t.Optional(t.String()),
    input: t.Union([t.String(), t.Array(t.Any())]),
    dimensions: t.Optional(t.Integer({ minimum: 1 })),
    encoding_format: t.Optional(t.String()),
  },
  open,
);

const images = t.Object(
  {
    model: t.Optional(t.String()),
    prompt: t.String(),
    n: t.Optional(t.Integer({ minimum: 1 })),
    size: t.Optional(t.String()),
  },
  open,
);

const generate = t.Object(
  {
    contents: t.Array(t.Object({ role: t.Optional(t.String()), parts: t.Array(anything) }, open)),
    systemInstruction: t.Optional(anything),
    tools: t.Optional(t.Array(anything)),
    generationConfig: t.Optional(anything),
  },
  { ...open, examples: [{ contents: [{ role: "user", parts: [{ text: "Hello!" }] }] }] },
);
const embed = t.Object({ content: anything }, open);
const batchEmbed = t.Object({ requests: t.Array(anything) }, open);

/** Request body by the end of the path. */
const BODIES: readonly (readonly [string, TSchema])[] = [
  ["/chat/completions", chat],
  ["/responses", responses],
  ["/responses/input_tokens", responses],
  ["/messages", messages],
  ["/messages/count_tokens", messages],
  ["/embeddings", embeddings],
  ["/images/generations", images],
  [":generateContent", generate],
  [":streamGenerateContent", generate],
  [":countTokens", generate],
  [":embedContent", embed],
  [":batchEmbedContents", batchEmbed],
];

/** The schema of the body that a route of inference takes; null where there is none. */
export const bodyAt = (path: string): TSchema | null => BODIES.find(([end]) => path.endsWith(end))?.[1] ?? null;
