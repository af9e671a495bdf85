/**
 * The official Python SDKs, pinned, in a virtual environment of their own. It is made once per interpreter and set of pins and kept in the
 * user's cache folder; `TOLLGATE_PYTHON=off` leaves Python out, `TOLLGATE_PYTHON=/path/to/python3` names the interpreter. Run by itself, this
 * makes it ready, which the test command has done while it checks types and builds.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

const REQUIREMENTS = join(import.meta.dir, "requirements.txt");
/** The packages are 35 MB; a network that hangs must not hold up the whole run. */
const INSTALL_LIMIT_MS = 120_000;

/** `cache`: where the interpreter keeps what it has compiled. */
export type Python = { python: string; cache: string } | { missing: string };

function run(command: string[]): string | null {
  const done = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe", timeout: INSTALL_LIMIT_MS });
  return done.success ? null : `${command.join(" ")}: ${done.stderr.toString().trim().slice(-400) || "timed out"}`;
}

/** The user's cache folder, or where that can't be written, the system's for temporary files. */
function cacheFolder(): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tollgate");
  try {
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch {
    return join(tmpdir(), "tollgate-cache");
  }
}

/** The interpreter that has the SDKs, or why there is none. */
export function pythonWithSdks(): Python {
  const wanted = process.env["TOLLGATE_PYTHON"] ?? "python3";
  if (wanted === "off") return { missing: "TOLLGATE_PYTHON is off" };
  const base = Bun.which(wanted);
  if (base === null) return { missing: `${wanted} is not there` };
  const pins = readFileSync(REQUIREMENTS);
  const folder = join(cacheFolder(), `python-${Bun.hash(`${base}\n${pins.toString()}`).toString(36)}`);
  if (!existsSync(folder)) {
    // Made beside its place, so that there is never a half-made one in it, whoever else makes it meanwhile.
    const draft = `${folder}.${process.pid}`;
    const failure = make(base, draft);
    if (failure === null && !existsSync(folder)) renameSync(draft, folder);
    rmSync(draft, { recursive: true, force: true });
    if (failure !== null) return { missing: failure };
  }
  return { python: join(folder, "bin/python"), cache: join(folder, "compiled") };
}

/** A folder with the SDKs; gives what went wrong. */
function make(base: string, folder: string): string | null {
  mkdirSync(folder, { recursive: true });
  const python = join(folder, "bin/python");
  const install = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "-r", REQUIREMENTS];
  // The interpreter's own pip saves the environment one of its own, which takes longer to make than all the rest of it.
  const quick =
    run([base, "-m", "venv", "--without-pip", folder]) ?? run([base, "-m", "pip", "--python", python, ...install]);
  if (quick === null) return null;
  // No pip there, or one before 22.3.
  return run([base, "-m", "venv", folder]) ?? run([python, "-m", "pip", ...install]);
}

if (import.meta.main) {
  const found = pythonWithSdks();
  process.stdout.write(`${"missing" in found ? found.missing : found.python}\n`);
  process.exitCode = "missing" in found ? 1 : 0;
}
