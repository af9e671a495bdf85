/** The program: its command line, and the only place that ends the process. */
import { restartForFetches } from "./fetch-limit.ts";

const [first, ...others] = process.argv.slice(2).filter((item, index) => !(index === 0 && item === "--"));

/** `tollgate --port 9000` serves: the command may be left out. */
function wordsOf(name: string | undefined): string[] {
  if (name === undefined) return ["serve"];
  if (name === "--version" || name === "-v") return ["version", ...others];
  const isFlag = name.startsWith("-") && name !== "--help" && name !== "-h";
  return [...(isFlag ? ["serve"] : []), name, ...others];
}

const words = wordsOf(first);
try {
  if (words[0] === "serve") restartForFetches();
  // Only now: what is loaded before the restart would be loaded twice.
  const [{ runLine }, { tollgate }] = await Promise.all([import("./cli/run.ts"), import("./commands.ts")]);
  await runLine(tollgate, words, { write: (text) => void process.stdout.write(text) });
  // Connections that a provider keeps open would hold the process for minutes.
  if (words[0] === "serve") process.exit(0);
} catch (error) {
  process.stderr.write(`tollgate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
