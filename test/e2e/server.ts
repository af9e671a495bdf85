/** The gateway as a process of its own. */
import { join } from "node:path";

const MAIN = join(import.meta.dir, "../../src/main.ts");

export interface Server {
  url: string;
  child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** What it has logged, when it has ended. */
  logs: Promise<string>;
}

/** Starts a server on a folder that has a `catalog.yaml`; `before` are the words of a command that runs it. Throws Error when it does not come up. */
export async function serve(
  folder: string,
  env: Record<string, string> = {},
  before: readonly string[] = [],
): Promise<Server> {
  const options = ["--port", "0", "--data-dir", folder, "--catalog", join(folder, "catalog.yaml")];
  const child = Bun.spawn([...before, process.execPath, MAIN, "serve", ...options], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const logs = new Response(child.stderr).text();
  const url = await listening(child.stdout);
  if (url === null) throw new Error(`the server did not come up: ${await logs}`);
  return { url, child, logs };
}

async function listening(stdout: ReadableStream<Uint8Array>): Promise<string | null> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    text += decoder.decode(chunk, { stream: true });
    const found = /^listening on (\S+)$/m.exec(text)?.[1];
    if (found !== undefined) return found;
  }
  return null;
}
