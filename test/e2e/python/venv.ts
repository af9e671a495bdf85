/**
 * The official Python SDKs, pinned, in a virtual environment of their own. It is made once per set of pins and kept in the cache folder;
 * `TOLLGATE_PYTHON=off` leaves Python out, `TOLLGATE_PYTHON=/path/to/python3` names the interpreter.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REQUIREMENTS = join(import.meta.dir, "requirements.txt");
/** Installing takes about 30 s with an empty pip cache; a network that hangs must not hold up the whole run. */
const INSTALL_LIMIT_MS = 120_000;

export type Python = { python: string } | { missing: string };

function run(command: string[]): string | null {
  const done = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe", timeout: INSTALL_LIMIT_MS });
  return done.success ? null : `${command.join(" ")}: ${done.stderr.toString().trim().slice(-400) || "timed out"}`;
}

/** The interpreter that has the SDKs, or why there is none. */
export function pythonWithSdks(): Python {
  const wanted = process.env["TOLLGATE_PYTHON"] ?? "python3";
  if (wanted === "off") return { missing: "TOLLGATE_PYTHON is off" };
  const base = Bun.which(wanted);
  if (base === null) return { missing: `${wanted} is not there` };
  const pins = readFileSync(REQUIREMENTS);
  const name = `tollgate-python-${Bun.hash(`${base}\n${pins.toString()}`).toString(36)}`;
  const folder = join(process.env["XDG_CACHE_HOME"] ?? tmpdir(), name);
  const python = join(folder, "bin/python");
  if (existsSync(join(folder, "complete"))) return { python };
  // A half-made one is made anew.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const failure =
    run([base, "-m", "venv", folder]) ??
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r", REQUIREMENTS]);
  if (failure !== null) return { missing: failure };
  mkdirSync(join(folder, "complete"));
  return { python };
}
