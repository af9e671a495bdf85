import { defineCommand } from "citty";
import type { Output } from "../output.ts";
import { CommandError } from "../transport.ts";
import { renderReport, tally } from "./report.ts";
import { runMatrix, SPEAKERS } from "./run.ts";

const DIALECTS = SPEAKERS.map(({ id }) => id);
const DEFAULT_TIMEOUT_SECONDS = 60;

/** `conformance`: runs the matrix of dialects, modes and cases against a live gateway, this one or another, by plain HTTP. */
export function conformanceCommand(context: { out: Output }) {
  return defineCommand({
    meta: { name: "conformance", description: "Check a running gateway: dialects × modes × cases, as clients see it" },
    args: {
      url: { type: "string", required: true, description: "base URL, such as http://127.0.0.1:8080" },
      key: { type: "string", required: true, description: "API key that may use the model" },
      model: { type: "string", default: "echo", description: "model to ask" },
      dialects: { type: "string", description: `some of ${DIALECTS.join(",")} (default: all)` },
      timeout: { type: "string", description: `seconds for one request (default ${DEFAULT_TIMEOUT_SECONDS})` },
      json: { type: "boolean", description: "print JSON" },
    },
    run: async ({ args }) => {
      const results = await runMatrix({
        url: checkedUrl(args.url),
        key: args.key,
        model: args.model,
        dialects: checkedDialects(args.dialects),
        timeoutMs: checkedSeconds(args.timeout) * 1000,
      });
      const failed = tally(results, "fail");
      const counts = { ok: failed === 0, passed: tally(results, "ok"), failed, skipped: tally(results, "skip") };
      context.out.write(`${args.json === true ? JSON.stringify({ ...counts, results }) : renderReport(results)}\n`);
      if (failed > 0) throw new CommandError(`${failed} of ${results.length} cases failed`);
    },
  });
}

function checkedUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CommandError(`--url must be an http or https URL, not ${text}`);
  }
  return text;
}

function checkedDialects(text: string | undefined): readonly string[] {
  const asked = text === undefined ? DIALECTS : text.split(",").map((item) => item.trim());
  const wrong = asked.find((item) => !DIALECTS.includes(item));
  if (wrong !== undefined) throw new CommandError(`--dialects: unknown ${wrong}; some of ${DIALECTS.join(", ")}`);
  return asked;
}

function checkedSeconds(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_SECONDS;
  if (!/^[0-9]{1,4}$/.test(text) || Number(text) === 0) {
    throw new CommandError(`--timeout must be 1 to 9999 seconds, not ${text}`);
  }
  return Number(text);
}
