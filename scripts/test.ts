/**
 * The one test command: types, lint, format, a build of the binary, then every test. Ends with `N passed, N failed, N skipped`;
 * a step that fails counts as one failure. Arguments are handed to `bun test` (then the other steps are left out).
 */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { HANGING_MS } from "../test/support/limits.ts";

const bun = process.execPath;
const chosen = process.argv.slice(2);

interface Step {
  name: string;
  command: string[];
}
const steps: Step[] = [
  { name: "types", command: [bun, "x", "tsc", "-p", "."] },
  { name: "lint", command: [bun, "x", "oxlint", "--quiet", "src", "test", "scripts", "bench"] },
  { name: "format", command: [bun, "x", "oxfmt", "--check", "src", "test", "scripts", "bench"] },
  { name: "build", command: [bun, "scripts/build.ts"] },
];

let passed = 0;
let failed = 0;
let skipped = 0;

function count(output: string, word: string): number {
  // bun test ends with lines such as ` 12 pass`.
  const found = [...output.matchAll(new RegExp(`^\\s*([0-9]+) ${word}$`, "gm"))].at(-1);
  return found?.[1] === undefined ? 0 : Number(found[1]);
}

/** Python's SDKs are installed, where they aren't yet, while the other steps run. */
const python = chosen.length > 0 ? null : Bun.spawn([bun, "test/e2e/python/venv.ts"], { stdout: "pipe" });

for (const step of chosen.length > 0 ? [] : steps) {
  const started = performance.now();
  const run = spawnSync(step.command[0] ?? "", step.command.slice(1), { encoding: "utf8" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (run.status === 0) {
    passed += 1;
    process.stdout.write(`ok ${step.name} (${seconds} s)\n`);
  } else {
    failed += 1;
    process.stdout.write(`FAILED ${step.name} (${seconds} s)\n${run.stdout}${run.stderr}\n`);
  }
}

const hasPython = python === null || (await python.exited) === 0;
if (python !== null && !hasPython) {
  process.stdout.write(`without Python: ${await new Response(python.stdout).text()}`);
}

/** The whole suite runs side by side, each file in a world of its own; more workers than these want much memory. */
const workers = Math.min(4, availableParallelism());
const wanted = chosen.length > 0 ? chosen : [`--parallel=${workers}`];

const tests = Bun.spawnSync([bun, "test", "--timeout", String(HANGING_MS), ...wanted], {
  stdout: "inherit",
  stderr: "pipe",
  env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "65535", ...(hasPython ? {} : { TOLLGATE_PYTHON: "off" }) },
});
const output = tests.stderr.toString();
process.stdout.write(output);
passed += count(output, "pass");
failed += count(output, "fail");
skipped += count(output, "skip");
// Load errors fail the run without being counted as a test.
if (tests.exitCode !== 0 && count(output, "fail") === 0) failed += 1;
if (passed + failed === 0) failed = 1;

process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
