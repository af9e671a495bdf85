/**
 * Coding agents, unmodified, each through the gateway to scripted providers of the other dialects: `bun scripts/agents.ts [name]`. The provider
 * asks the agent to write a file with the agent's own tool, then ends; the file is the proof. Needs npm and the network to install them once.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bed, modelOf, PROVIDERS, type ProviderName, SIDES, startBed } from "../test/e2e/sdk/bed.ts";
import type { Handler } from "../test/support/upstream.ts";
import { type Agent, AGENTS, offeredTools } from "./agents/agents.ts";
import { installAgents } from "./agents/install.ts";

/** One task of an agent; a hanging one is a failure. */
const LIMIT_MS = 60_000;
const TEXT = "written by the agent";

/** Asks for the file once, in the first request that offers the tool; whatever else is asked is answered with a word. */
function player(agent: Agent, provider: ProviderName, file: string): Handler {
  let asked = false;
  return (request) => {
    const call = agent.write(file, TEXT);
    const first = !asked && offeredTools(request.json()).includes(call.name);
    asked ||= first;
    return SIDES[provider].reply(first ? { text: "I write it.", tools: [call] } : { text: "Done." })(request);
  };
}

async function play(bed: Bed, agent: Agent, provider: ProviderName, path: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-agent-"));
  const place = { home: join(folder, "home"), work: join(folder, "work"), url: bed.url, key: bed.key };
  for (const made of [place.home, place.work]) mkdirSync(made);
  const file = join(place.work, "hello.txt");
  const turn = player(agent, provider, file);
  bed.script(...Array.from({ length: 20 }, () => turn));
  const { command, env } = agent.command(place, modelOf(provider), `Create the file ${file}.`);
  const child = Bun.spawn(command, {
    cwd: place.work,
    env: { ...env, HOME: place.home, PATH: [...path, "/usr/local/bin", "/usr/bin", "/bin"].join(":"), CI: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const written = existsSync(file) ? readFileSync(file, "utf8") : null;
  const violations = bed.violations;
  const tools = bed.received.flatMap((request) => offeredTools(request.json()));
  rmSync(folder, { recursive: true, force: true });
  if (violations.length > 0) return `refused by the provider: ${[...new Set(violations)].join("; ")}`;
  if (written === null)
    return `no file (exit ${code}; ${bed.received.length} requests; tools ${[...new Set(tools)].join(" ")}): ${(err + out).slice(-400)}`;
  if (written.trim() !== TEXT) return `the file has ${JSON.stringify(written)}`;
  if (!out.includes("Done.")) return `no last word (exit ${code}): ${(err + out).slice(-400)}`;
  return "ok";
}

const path = installAgents();
const wanted = process.argv[2]?.toLowerCase() ?? "";
let failed = 0;
await using bed = await startBed();
for (const agent of AGENTS.filter(({ name }) => name.toLowerCase().includes(wanted)))
  for (const provider of PROVIDERS) {
    const result = await play(bed, agent, provider, path);
    if (result !== "ok") failed += 1;
    process.stdout.write(`${agent.name.padEnd(12)} ${provider.padEnd(12)} ${result}\n`);
  }
process.exitCode = failed === 0 ? 0 : 1;
