import { positionOf } from "./record.ts";

const PLAIN_TEXT = '"([^"\\\\]*)"';
const PLAIN_FIELDS = positionOf("charged") - positionOf("key_id") - 1;
/** A record from its beginning to what was charged, as far as no text in there needs an escape. */
const BEGINNING = new RegExp(
  `\\[${PLAIN_TEXT},([0-9]+),${PLAIN_TEXT},(?:null|${PLAIN_TEXT}),(?:(?:"[^"\\\\]*"|null|true|false|[-+.0-9eE]+),){${PLAIN_FIELDS}}"([0-9]+)",`,
  "y",
);

/** What the columns beside a record say, too. */
export interface RecordBeginning {
  requestId: string;
  /** ms since the epoch, decimal. */
  time: string;
  accountId: string;
  keyId: string | null;
  /** Nano-units, decimal. */
  charged: string;
}

/** Reads the record that begins at `start` of a text without parsing all of it. Null when it is not written plainly: then parse it. */
export function beginningOf(text: string, start: number): RecordBeginning | null {
  BEGINNING.lastIndex = start;
  const match = BEGINNING.exec(text);
  if (match === null) return null;
  const [, requestId = "", time = "", accountId = "", keyId = null, charged = ""] = match;
  return { requestId, time, accountId, keyId, charged };
}
