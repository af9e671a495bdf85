/** One unit of a streamed body: an SSE event, or one element of a JSON array or NDJSON stream (then `event` is null). */
export interface Frame {
  /** SSE `event:` name, null when none was given. */
  event: string | null;
  /** SSE data lines joined by \n, or the element's text. */
  data: string;
}
