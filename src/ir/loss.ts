/** Something that the target can't express. A value, never an exception; reported in a header, the extension block and the audit row. */
export interface Loss {
  /** Path in the client's own request (`messages[2].content[0]`, `temperature`), or of the answer part (`choices[0].logprobs`). */
  field: string;
  /** One short sentence for the developer: why it is not carried. */
  reason: string;
  /** Request losses make a strict request fail before it starts; answer losses never break a running answer. */
  side: "request" | "answer";
}
