import { parseArgs } from "node:util";
import { type ArgsDef, renderUsage, runCommand, type SubCommandsDef } from "citty";
import { nearestNames } from "../catalog/nearest.ts";
import type { Output } from "./output.ts";
import { CommandError } from "./transport.ts";

/** A command with arguments of any kind, as citty's own lists hold them. */
export type Command = Extract<Awaited<SubCommandsDef[string]>, { run?: unknown }>;

const isHelp = (word: string): boolean => word === "--help" || word === "-h" || word === "help";

/**
 * Runs the command that `argv` names, strictly: an unknown command or flag, a missing value and a word too many are CommandErrors. `--help`
 * anywhere, or `help` in place of a subcommand, prints the usage instead.
 */
export async function runLine(main: Command, argv: readonly string[], out: Output): Promise<void> {
  const path = [main];
  const names: string[] = [];
  let rest = [...argv];
  for (let list = await subCommands(main); list !== null;) {
    const [name] = rest;
    if (name === undefined) throw new CommandError(`${said(names)}needs a subcommand: ${Object.keys(list).join(", ")}`);
    if (isHelp(name)) return printUsage(path, out);
    const next = name.startsWith("-") ? undefined : list[name];
    if (next === undefined) throw unknown("command", [...names, name].join(" "), name, Object.keys(list));
    const command = await resolve(next);
    path.push(command);
    names.push(name);
    rest = rest.slice(1);
    list = await subCommands(command);
  }
  const command = path.at(-1) ?? main;
  if (rest.some((word) => word === "--help" || word === "-h")) return printUsage(path, out);
  checkWords(rest, (await command.args) as ArgsDef | undefined, names);
  await runCommand(command, { rawArgs: rest });
}

const said = (names: readonly string[]): string => (names.length === 0 ? "tollgate " : `tollgate ${names.join(" ")} `);

async function resolve(entry: SubCommandsDef[string]): Promise<Command> {
  return (await (typeof entry === "function" ? (entry as () => unknown)() : entry)) as Command;
}

async function subCommands(command: Command): Promise<SubCommandsDef | null> {
  const list = (await command.subCommands) as SubCommandsDef | undefined;
  return list === undefined ? null : list;
}

/** citty lets unknown flags and spare words pass; an operator who mistypes `--data-dir` must hear of it. */
function checkWords(words: string[], args: ArgsDef | undefined, names: readonly string[]): void {
  const defined = Object.entries(args ?? {});
  const options = Object.fromEntries(
    defined
      .filter(([, arg]) => arg.type !== "positional")
      .map(([name, arg]) => [name, { type: arg.type === "boolean" ? ("boolean" as const) : ("string" as const) }]),
  );
  const { tokens, positionals } = parseArgs({ args: words, options, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = options[token.name];
    if (option === undefined) {
      throw unknown(
        "option",
        `${token.rawName} of tollgate ${names.join(" ")}`,
        token.name,
        Object.keys(options),
        "--",
      );
    }
    const value = token.value ?? "";
    if (option.type === "string" && (value === "" || (value.startsWith("-") && !token.inlineValue))) {
      throw new CommandError(`${token.rawName} needs a value`);
    }
    if (option.type === "boolean" && token.value !== undefined)
      throw new CommandError(`${token.rawName} takes no value`);
  }
  const allowed = defined.length - Object.keys(options).length;
  const spare = positionals[allowed];
  if (spare !== undefined) throw new CommandError(`${said(names)}takes no argument ${JSON.stringify(spare)}`);
}

function unknown(what: string, shown: string, name: string, known: string[], prefix = ""): CommandError {
  const [nearest] = nearestNames(name, known);
  const hint =
    nearest === undefined
      ? `one of: ${known.map((item) => prefix + item).join(", ")}`
      : `did you mean ${prefix}${nearest}?`;
  return new CommandError(`unknown ${what} ${shown}; ${hint}`);
}

async function printUsage(path: readonly Command[], out: Output): Promise<void> {
  const [command, parent] = [path.at(-1), path.at(-2)];
  if (command === undefined) return;
  out.write(`${Bun.stripANSI(await renderUsage(command, parent))}\n`);
}
