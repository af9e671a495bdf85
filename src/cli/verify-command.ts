import { defineCommand } from "citty";
import { dataDirFlag, jsonFlag } from "./flags.ts";
import type { Output } from "./output.ts";
import { CommandError } from "./transport.ts";

/** What a check of a data folder gives. */
export interface VerifyResult {
  findings: string[];
  entries: number;
  settlements: number;
  auditRows: number;
  head: { seq: number; hash: string } | null;
}

export interface VerifyContext {
  out: Output;
  /** Opens the data folder read-only; also while a server runs. */
  verify(dataDir: string | undefined, head: { seq: number; hash: string } | null): VerifyResult;
}

const args = {
  ...dataDirFlag,
  head: {
    type: "string",
    description: "an earlier audit head, `<seq>:<hash>`: proves that the rows up to it are still there",
  },
  ...jsonFlag,
} as const;

function parseHead(text: string | undefined): { seq: number; hash: string } | null {
  if (text === undefined) return null;
  const match = /^([0-9]{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw new CommandError("--head must be <seq>:<hash>");
  return { seq: Number(match[1]), hash: match[2] };
}

/** `verify` and `audit verify`: checks ledger and audit chain, fails when something is wrong. */
export function verifyCommand(context: VerifyContext) {
  return defineCommand({
    meta: { name: "verify", description: "Check the ledger's invariants and the audit chain" },
    args,
    run: ({ args: given }) => {
      const result = context.verify(given["data-dir"], parseHead(given.head));
      if (given.json === true) {
        context.out.write(`${JSON.stringify({ ok: result.findings.length === 0, ...result })}\n`);
      } else {
        for (const finding of result.findings) context.out.write(`${finding}\n`);
        const { entries, settlements, auditRows, head } = result;
        context.out.write(`${entries} entries, ${settlements} settlements, ${auditRows} audit rows\n`);
        if (head !== null) context.out.write(`audit head ${head.seq}:${head.hash}\n`);
        if (result.findings.length === 0) context.out.write("ok\n");
      }
      if (result.findings.length > 0) throw new CommandError(`${result.findings.length} finding(s)`);
    },
  });
}
