import { expectThat, parseObject } from "./expect.ts";
import { type Frame, Mismatch } from "./types.ts";
import type { JsonObject } from "../../lib/json.ts";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export interface Client {
  /** `body` undefined: GET. Text goes out as it is. */
  send(path: string, headers: Record<string, string>, body?: JsonObject | string): Promise<Answer>;
}

/** Longest wait that a 429 may ask for, seconds; one minute is the usual window. */
const LONGEST_WAIT_SECONDS = 65;

/** Plain HTTP against the gateway at `url`. A 429 that says when to come back is asked again once. Throws Mismatch when nothing answers. */
export function createClient(url: string, timeoutMs: number): Client {
  const base = url.replace(/\/+$/, "");
  const once = async (path: string, headers: Record<string, string>, body?: JsonObject | string): Promise<Answer> => {
    const init: RequestInit = { headers, signal: AbortSignal.timeout(timeoutMs) };
    if (body !== undefined) {
      init.method = "POST";
      init.body = typeof body === "string" ? body : JSON.stringify(body);
      init.headers = { "content-type": "application/json", ...headers };
    }
    try {
      const response = await fetch(base + path, init);
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      throw new Mismatch(`no answer from ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return {
    async send(path, headers, body) {
      const answer = await once(path, headers, body);
      const wait = Number(answer.headers.get("retry-after") ?? Number.NaN);
      if (answer.status !== 429 || !(wait <= LONGEST_WAIT_SECONDS)) return answer;
      await Bun.sleep(wait * 1000);
      return await once(path, headers, body);
    },
  };
}

/** The JSON object of an answer with this status. Throws Mismatch. */
export function jsonOf(answer: Answer, status: number): JsonObject {
  expectThat(answer.status === status, `status should be ${status}`, `${answer.status}: ${answer.text}`);
  const type = answer.headers.get("content-type") ?? "";
  expectThat(type.startsWith("application/json"), "content-type should be application/json", type);
  const body = parseObject(answer.text);
  if (body === null) throw new Mismatch("the body should be a JSON object");
  return body;
}

/** The events of an SSE answer (WHATWG HTML, server-sent events). Throws Mismatch when it isn't one. */
export function framesOf(answer: Answer): Frame[] {
  expectThat(answer.status === 200, "status should be 200", `${answer.status}: ${answer.text}`);
  const type = answer.headers.get("content-type") ?? "";
  expectThat(type.startsWith("text/event-stream"), "content-type should be text/event-stream", type);
  const blocks = answer.text.replaceAll(/\r\n?/g, "\n").split("\n\n");
  expectThat((blocks.pop() ?? "") === "", "the last event should end with a blank line");
  return blocks.map(frameOf).filter((frame) => frame !== null);
}

function frameOf(block: string): Frame | null {
  let event: string | null = null;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const [field, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { event, data: data.join("\n") };
}
