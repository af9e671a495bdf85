import { HeaderFields } from "../wire/header-fields.ts";

/** How the end of a body is known (RFC 9112, section 6.3). */
export type BodyFraming = { kind: "length"; length: number } | { kind: "chunked" } | { kind: "close" };

export interface ResponseHead {
  status: number;
  headers: HeaderFields;
  framing: BodyFraming;
  /** The connection may carry another request afterwards. */
  keepAlive: boolean;
}

/** An upstream that does not speak HTTP/1.1 as RFC 9112 says. */
export class HttpSyntaxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "HttpSyntaxError";
  }
}

/** Largest head of an answer, bytes; and most header lines. */
export const MAX_HEAD_BYTES = 64 * 1024;
const MAX_HEADER_LINES = 256;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?$/;
/** Controls have no place in a value (RFC 9110, section 5.5). */
const BAD_VALUE = /[\0\r\n]/;
const LENGTH = /^[0-9]{1,15}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Reads the head of a response, without its blank line. Strict, since two readers that disagree on where an answer ends would mix up two
 * customers' answers: folded lines, spaces before the colon, unknown transfer codings and contradicting lengths are errors.
 * Throws HttpSyntaxError.
 */
export function parseHead(text: string): ResponseHead {
  const [first = "", ...lines] = text.split("\r\n");
  const match = STATUS_LINE.exec(first);
  if (match === null) throw new HttpSyntaxError("no HTTP status line");
  if (lines.length > MAX_HEADER_LINES) throw new HttpSyntaxError("too many header lines");
  const headers = new HeaderFields();
  for (const line of lines) addHeader(headers, line);
  const status = Number(match[2]);
  const connection = (headers.get("connection") ?? "").toLowerCase();
  const persistent = match[1] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
  const framing = framingOf(status, headers);
  const ambiguous = framing.kind === "chunked" && headers.get("content-length") !== null;
  return { status, headers, framing, keepAlive: persistent && framing.kind !== "close" && !ambiguous };
}

function addHeader(headers: HeaderFields, line: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  if (!HEADER_NAME.test(name)) throw new HttpSyntaxError("malformed header line");
  const value = line.slice(colon + 1).trim();
  if (BAD_VALUE.test(value)) throw new HttpSyntaxError("malformed header value");
  headers.append(name, value);
}

function framingOf(status: number, headers: HeaderFields): BodyFraming {
  if (status === 204 || status === 304) return { kind: "length", length: 0 };
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (coding.toLowerCase() !== "chunked") throw new HttpSyntaxError("unknown transfer coding");
    return { kind: "chunked" };
  }
  const length = headers.get("content-length");
  if (length === null) return { kind: "close" };
  if (LENGTH.test(length)) return { kind: "length", length: Number(length) };
  // Several equal values are one value (section 6.3, item 5); HeaderFields joins them with commas.
  const values = new Set(length.split(",").map((value) => value.trim()));
  const [value = ""] = values;
  if (values.size !== 1 || !LENGTH.test(value)) throw new HttpSyntaxError("malformed Content-Length");
  return { kind: "length", length: Number(value) };
}
