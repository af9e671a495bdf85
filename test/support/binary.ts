/** The compiled gateway as a process of its own, as an operator would run it. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/tollgate");

/** The compiled file; the test command has built it, else it is built now. */
export function binary(): string {
  if (!existsSync(BINARY)) {
    const built = Bun.spawnSync([process.execPath, "scripts/build.ts"], { cwd: ROOT, stderr: "pipe" });
    if (!built.success) throw new Error(`the build failed:\n${built.stderr.toString()}`);
  }
  return BINARY;
}

/** A folder that is removed at the end of the test. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "tollgate-binary-"));
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** An environment without anything of the test's own. */
const bare = (folder: string): Record<string, string> => ({ HOME: folder, PATH: "/nowhere" });

/** Runs one command to its end, in `folder`. */
export async function run(folder: string, args: string[], env: Record<string, string> = {}): Promise<Finished> {
  const child = Bun.spawn([binary(), ...args], {
    cwd: folder,
    env: { ...bare(folder), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout, stderr };
}

/** What a process writes to one of its pipes. */
class Pipe {
  text = "";
  readonly ended: Promise<void>;
  #waiting: { pattern: RegExp; resolve: (met: boolean) => void }[] = [];

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  /** Resolves when the text matches, or the pipe has ended. Gives which. */
  until(pattern: RegExp): Promise<boolean> {
    if (pattern.test(this.text)) return Promise.resolve(true);
    const { promise, resolve: met } = Promise.withResolvers<boolean>();
    this.#waiting.push({ pattern, resolve: met });
    return promise;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      const met = this.#waiting.filter(({ pattern }) => pattern.test(this.text));
      this.#waiting = this.#waiting.filter((item) => !met.includes(item));
      for (const item of met) item.resolve(true);
    }
    for (const item of this.#waiting) item.resolve(false);
  }
}

/** A server under way. */
export class RunningBinary implements AsyncDisposable {
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #out: Pipe;
  readonly #err: Pipe;

  constructor(child: Bun.Subprocess<"ignore", "pipe", "pipe">) {
    this.child = child;
    this.#out = new Pipe(child.stdout);
    this.#err = new Pipe(child.stderr);
  }

  get url(): string {
    return /^listening on (\S+)$/m.exec(this.#out.text)?.[1] ?? "";
  }

  /** All of stderr up to now. */
  get stderr(): string {
    return this.#err.text;
  }

  /** Resolves when it listens. Throws Error with its stderr when it ends instead. */
  async listening(): Promise<void> {
    if (await this.#out.until(/\n/)) return;
    await this.#err.ended;
    throw new Error(`the server ended: ${this.stderr}`);
  }

  /** Resolves when stderr holds it. */
  async said(pattern: RegExp): Promise<void> {
    if (!(await this.#err.until(pattern))) throw new Error(`never said ${pattern}: ${this.stderr}`);
  }

  /** Ends it by a signal. Gives the exit code and everything it wrote to stdout. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<{ code: number; stdout: string }> {
    this.child.kill(signal);
    const code = await this.child.exited;
    await Promise.all([this.#out.ended, this.#err.ended]);
    return { code, stdout: this.#out.text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}

/** Starts `serve` on a free port in `folder`; throws with its stderr when it doesn't come up. */
export async function startBinary(
  folder: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<RunningBinary> {
  const server = new RunningBinary(
    Bun.spawn([binary(), "serve", "--port", "0", ...args], {
      cwd: folder,
      env: { ...bare(folder), ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    }),
  );
  await server.listening();
  return server;
}
