import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Change, Mutant } from "./mutants.ts";
import type { Suite } from "./suites.ts";

/** How a suite ended, and after how long. */
export interface Run {
  end: "passed" | "failed" | "timeout";
  ms: number;
}

/** A private copy of the tree, where mutants live: nobody else ever sees one. */
export class Tree implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "mutants-"));

  /** Copies what git knows, or would, of the tree at `from`. Throws Error when git doesn't answer. */
  constructor(from: string) {
    const listed = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: from, encoding: "utf8" });
    if (listed.status !== 0) throw new Error(`git ls-files: ${listed.stderr}`);
    for (const file of listed.stdout.split("\0")) {
      if (file !== "") cpSync(join(from, file), join(this.root, file), { recursive: true });
    }
    symlinkSync(join(from, "node_modules"), join(this.root, "node_modules"));
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), "utf8");
  }

  /** Puts a mutant into its file; what is given puts the file back. */
  plant(mutant: Mutant): () => void {
    const path = join(this.root, mutant.file);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, changed(text, mutant));
    return () => writeFileSync(path, text);
  }

  /** Runs a suite with low priority, for `limitMs` at most. */
  run({ command }: Suite, limitMs: number): Run {
    const started = performance.now();
    const done = spawnSync("nice", ["-n", "15", process.execPath, ...command], {
      cwd: this.root,
      timeout: limitMs,
      killSignal: "SIGKILL",
      stdio: "ignore",
    });
    const ms = performance.now() - started;
    if (done.status === 0) return { end: "passed", ms };
    return { end: done.status === null ? "timeout" : "failed", ms };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const changed = (text: string, { start, end, text: put }: Change): string =>
  text.slice(0, start) + put + text.slice(end);
