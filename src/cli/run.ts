import { parseArgs } from "node:util";
import { type ArgsDef, renderUsage, runCommand, type SubCommandsDef } from "citty";
import { nearestNames } from "../catalog/nearest.ts";
import type { Output } from "./output.ts";
import { CommandError } from "./transport.ts";

/** A command with arguments of any kind, as citty's own lists hold them. */
export type Command = Extract<Awaited<SubCommandsDef[string]>, { run?: unknown }>;

/**
 * Runs the command that `argv` names, strictly: an unknown command or flag, a missing value and a word too many are CommandErrors. `--help`
 * anywhere, or `help` before the command, prints the usage instead.
 */
export async function runLine(main: Command, argv: readonly string[], out: Output): Promise<void> {
  let command = main;
  const names: string[] = [];
  // `help keys create` is `keys create --help`.
  let rest = argv[0] === "help" ? [...argv.slice(1), "--help"] : [...argv];
  for (let list = await subCommands(main); list !== null;) {
    const [name] = rest;
    if (name === undefined)
      throw new CommandError(`${said(names)} needs a subcommand: ${Object.keys(list).join(", ")}`);
    if (isHelp(name)) return printUsage(command, names, out);
    const next = name.startsWith("-") ? undefined : list[name];
    if (next === undefined) throw unknown("command", [...names, name].join(" "), name, Object.keys(list));
    command = await resolve(next);
    names.push(name);
    rest = rest.slice(1);
    list = await subCommands(command);
  }
  if (rest.some(isHelp)) return printUsage(command, names, out);
  checkWords(rest, (await command.args) as ArgsDef | undefined, names);
  await runCommand(command, { rawArgs: rest });
}

const isHelp = (word: string): boolean => word === "--help" || word === "-h";

const said = (names: readonly string[]): string => (names.length === 0 ? "tollgate" : names.join(" "));

async function resolve(entry: SubCommandsDef[string]): Promise<Command> {
  return (await (typeof entry === "function" ? (entry as () => unknown)() : entry)) as Command;
}

async function subCommands(command: Command): Promise<SubCommandsDef | null> {
  return ((await command.subCommands) as SubCommandsDef | undefined) ?? null;
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
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    // The last one would count: of two amounts, nobody knows which was meant.
    if (given.has(token.name)) throw new CommandError(`${token.rawName} is given twice`);
    given.add(token.name);
    const option = options[token.name];
    if (option === undefined) {
      throw unknown("option", `${token.rawName} of ${said(names)}`, token.name, Object.keys(options), "--");
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
  if (spare !== undefined) throw new CommandError(`${said(names)} takes no argument ${JSON.stringify(spare)}`);
}

function unknown(what: string, shown: string, name: string, known: string[], prefix = ""): CommandError {
  const [nearest] = nearestNames(name, known);
  const hint =
    nearest === undefined
      ? `one of: ${known.map((item) => prefix + item).join(", ")}`
      : `did you mean ${prefix}${nearest}?`;
  return new CommandError(`unknown ${what} ${shown}; ${hint}`);
}

async function printUsage(command: Command, names: readonly string[], out: Output): Promise<void> {
  const parent = names.length === 0 ? undefined : { meta: { name: ["tollgate", ...names.slice(0, -1)].join(" ") } };
  out.write(`${Bun.stripANSI(await renderUsage(command, parent))}\n`);
}
