import { invalidRequest } from "../../ir/error.ts";

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * Checks the base64 text of a `bytes` field and gives it in the standard alphabet with padding. ProtoJSON accepts the standard and the
 * URL-safe alphabet, with and without padding; other dialects only the former. Throws GatewayError 400.
 */
export function standardBase64(text: string, path: string): string {
  if (text.startsWith("data:")) throw invalidRequest(path, `${path} must be bare base64, not a data URL`);
  if (!BASE64.test(text)) throw invalidRequest(path, `${path} is not valid base64`);
  const bare = text.endsWith("=") ? text.replace(/=+$/, "") : text;
  if (bare.length % 4 === 1) throw invalidRequest(path, `${path} is not valid base64: its length is wrong`);
  const standard = /[-_]/.test(bare) ? bare.replaceAll("-", "+").replaceAll("_", "/") : bare;
  return standard.length === text.length && text.length % 4 === 0 && standard === bare
    ? text
    : standard.padEnd(Math.ceil(standard.length / 4) * 4, "=");
}

/** UTF-8 text as standard base64 with padding. */
export const encodeText = (text: string): string => Buffer.from(text, "utf8").toString("base64");

/** The text behind base64 of either alphabet. */
export const decodeText = (base64: string): string => Buffer.from(base64, "base64").toString("utf8");
