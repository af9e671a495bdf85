/** What a terminal obeys instead of showing it: control characters (C0, C1), line separators, and marks that turn the direction of text. */
const OBEYED = /[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text that others chose, on one line, with `\u001b` in place of what a terminal would obey: the escapes of JSON. */
export const visible = (text: string): string =>
  text.replace(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
