/**
 * Compares the gateway with direct access and with nginx on this machine, in one run: `bun run bench [--tests sat64,rate500] [--rounds 3]
 * [--targets direct,nginx,tollgate] [--memory]`. Needs Go (mock provider and load generator are built from bench/kit) and, for the comparison, nginx.
 * Each target is pinned to core 0, mock and load generator share core 1. Every round visits every target once, so that slow drifts hit
 * all alike. Prints a line a result and a table of medians with ratios to nginx.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const HERE = import.meta.dir;
const MOCK = "127.0.0.1:9001";

/** Arguments of the load generator by test. `-temp` picks the mock's pace: 0.7 flat out, 0.72 50 ms to the first of 30 chunks 100 ms apart. */
const TESTS: Record<string, string> = {
  sat64: "-mode sat -c 64 -d 4s -warm 1s",
  sat256: "-mode sat -c 256 -d 3s -warm 1s",
  rate500: "-mode rate -rate 500 -c 64 -d 4s -warm 1s",
  sfast: "-mode stream -c 32 -d 3s -warm 1s",
  s2000: "-mode stream -temp 0.72 -c 2000 -ramp 3s -warm 300ms -d 4s",
  big32k: "-mode sat -c 64 -d 3s -warm 1s -pad 32768",
};

interface Measured {
  rps: number;
  bad: number;
  p50: number;
  p99: number;
  cpu_us_per_req?: number;
  ttft_p99?: number;
  rss_mb_end: number;
  errors?: Record<string, number>;
}

interface Running {
  process: ChildProcess | null;
  address: string;
  /** Extra request headers of the load generator. */
  headers: string;
  firstAnswerMs: number | null;
}

const { values } = parseArgs({
  options: {
    tests: { type: "string", default: "sat64,rate500,sfast,s2000" },
    targets: { type: "string", default: "direct,nginx,tollgate" },
    rounds: { type: "string", default: "3" },
    memory: { type: "boolean", default: false },
  },
});

const work = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
const bin = join(work, "bin");
mkdirSync(bin);

function run(command: string, args: string[], cwd = HERE): string {
  const done = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.stderr || done.error?.message}`);
  return done.stdout;
}

function build(): void {
  for (const name of ["mock", "lg"]) run("go", ["build", "-o", join(bin, name), `./${name}`], join(HERE, "kit"));
  if (!existsSync(join(HERE, "../dist/tollgate"))) run(process.execPath, ["scripts/build.ts"], join(HERE, ".."));
}

const catalog = `
brand: {name: Bench, header_prefix: X-Bench, extension: bench, key_prefix: "tg-"}
billing: {currency: USD, fx: {USD: 1}, markup_percent: 10}
access: {auth: required, limits: {requests_per_minute: 0}}
providers:
  mock: {kind: openai-compatible, base_url: "http://${MOCK}/v1", api_key: "sk-up"}
models:
  - id: mock-model
    provider: mock
    context: 128000
    max_output: 4096
    capabilities: [tools]
    price: {input: 0.15, cached_input: 0.075, output: 0.60}
`;

async function answers(address: string, headers: string): Promise<boolean> {
  const extra = Object.fromEntries(
    headers
      .split("|")
      .filter(Boolean)
      .map((item) => item.split(/:\s*/, 2)),
  );
  try {
    const response = await fetch(`http://${address}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...extra },
      body: JSON.stringify({ model: "mock-model", temperature: 0.7, messages: [{ role: "user", content: "hi" }] }),
    });
    return (await response.text()).includes("quick brown");
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

async function untilUp(started: number, address: string, headers: string, process: ChildProcess): Promise<number> {
  while (performance.now() - started < 30_000) {
    if (await answers(address, headers)) return performance.now() - started;
    if (process.exitCode !== null) throw new Error(`the target ended with code ${process.exitCode}`);
    await Bun.sleep(2);
  }
  throw new Error(`no answer from ${address}`);
}

const BINARY = [join(HERE, "../dist/tollgate")];
/** From source, since a compiled file loads nothing that it wasn't built with. */
const COLLECTING = [process.execPath, "--preload", join(HERE, "collect-on-signal.ts"), join(HERE, "../src/main.ts")];

/** A gateway with every gate on: key, limits, hold, settlement flushed to disk, audit. */
async function startTollgate(program: readonly string[] = BINARY): Promise<Running> {
  const dataDir = mkdtempSync(join(work, "data-"));
  const file = join(work, "catalog.yaml");
  writeFileSync(file, catalog, { mode: 0o600 });
  const cli = (...args: string[]): Record<string, string> =>
    JSON.parse(
      run("env", [`TOLLGATE_CATALOG=${file}`, ...program, ...args, "--data-dir", dataDir, "--json"]),
    ) as Record<string, string>;
  const account = cli("accounts", "create", "--name", "bench");
  cli("credits", "add", "--account", String(account["id"]), "--amount", "100000.00");
  const key = cli("keys", "create", "--account", String(account["id"]));
  const headers = `Authorization: Bearer ${key["key"]}`;
  const started = performance.now();
  const args = ["-c", "0", ...program, "serve", "--port", "8299", "--data-dir", dataDir, "--catalog", file];
  const child = spawn("taskset", args, {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], TOLLGATE_LOG_LEVEL: "error" },
  });
  return {
    process: child,
    address: "127.0.0.1:8299",
    headers,
    firstAnswerMs: await untilUp(started, "127.0.0.1:8299", headers, child),
  };
}

async function startNginx(): Promise<Running> {
  const started = performance.now();
  const child = spawn("taskset", ["-c", "0", "nginx", "-p", work, "-c", join(HERE, "configs/nginx.conf")], {
    stdio: "ignore",
  });
  return {
    process: child,
    address: "127.0.0.1:8201",
    headers: "",
    firstAnswerMs: await untilUp(started, "127.0.0.1:8201", "", child),
  };
}

function start(name: string): Promise<Running> {
  if (name === "direct") return Promise.resolve({ process: null, address: MOCK, headers: "", firstAnswerMs: null });
  if (name === "nginx") return startNginx();
  if (name === "tollgate") return startTollgate();
  throw new Error(`unknown target ${name}`);
}

async function stop(target: Running): Promise<void> {
  if (target.process === null) return;
  const ended = new Promise((resolve) => target.process?.once("exit", resolve));
  target.process.kill("SIGTERM");
  await Promise.race([ended, Bun.sleep(5_000)]);
  target.process.kill("SIGKILL");
}

function load(test: string, target: Running): Measured {
  const args = ["-c", "1", join(bin, "lg"), ...(TESTS[test] ?? test).split(" "), "-addr", target.address];
  if (target.headers !== "") args.push("-headers", target.headers);
  if (target.process?.pid !== undefined) args.push("-pids", String(target.process.pid));
  return JSON.parse(run("taskset", args)) as Measured;
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

async function main(): Promise<void> {
  build();
  const mock = spawn("taskset", ["-c", "1", join(bin, "mock"), "-addr", MOCK], { stdio: "ignore" });
  const results = new Map<string, Measured[]>();
  const firstAnswers = new Map<string, number[]>();
  const targets = values.targets.split(",");
  try {
    await Bun.sleep(300);
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const name of targets) {
        const target = await start(name);
        if (target.firstAnswerMs !== null)
          firstAnswers.set(name, [...(firstAnswers.get(name) ?? []), target.firstAnswerMs]);
        try {
          for (const test of values.tests.split(",")) {
            const measured = load(test, target);
            results.set(`${test} ${name}`, [...(results.get(`${test} ${name}`) ?? []), measured]);
            process.stdout.write(`${JSON.stringify({ round, name, test, ...measured })}\n`);
          }
        } finally {
          await stop(target);
        }
      }
    }
    table(results, targets, firstAnswers);
    if (values.memory) await memory();
  } finally {
    mock.kill("SIGKILL");
    rmSync(work, { recursive: true, force: true });
  }
}

const rss = (pid: number): number =>
  Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** Memory after 50,000 calls to warm up, and after 200,000 more; garbage is collected before each look. */
async function memory(): Promise<void> {
  const target = await startTollgate(COLLECTING);
  const pid = target.process?.pid ?? 0;
  const after = async (count: number): Promise<number> => {
    load(`-mode sat -c 64 -n ${count} -warm 10ms`, target);
    for (let round = 0; round < 3; round += 1) {
      process.kill(pid, "SIGUSR2");
      await Bun.sleep(1_000);
    }
    return rss(pid);
  };
  try {
    const seen: number[] = [await after(50_000)];
    for (let round = 0; round < 4; round += 1) seen.push(await after(50_000));
    const list = seen.map((megabytes) => megabytes.toFixed(1)).join(", ");
    process.stdout.write(`memory after 50,000 calls and each 50,000 more: ${list} MB\n`);
  } finally {
    await stop(target);
  }
}

function table(results: Map<string, Measured[]>, targets: string[], firstAnswers: Map<string, number[]>): void {
  const lines = [
    "| test | target | req/s | × nginx | CPU µs/req | p50 ms | p99 ms | TTFT p99 ms | RSS MB | failed |",
    "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
  ];
  for (const test of values.tests.split(",")) {
    const of = (name: string, field: keyof Measured): number =>
      median((results.get(`${test} ${name}`) ?? []).map((item) => Number(item[field] ?? 0)));
    for (const name of targets) {
      const ratio = targets.includes("nginx") ? (of(name, "rps") / of("nginx", "rps")).toFixed(2) : "–";
      lines.push(
        `| ${test} | ${name} | ${of(name, "rps").toFixed(0)} | ${ratio} | ${of(name, "cpu_us_per_req").toFixed(1)} | ${of(name, "p50").toFixed(2)} | ${of(name, "p99").toFixed(2)} | ${of(name, "ttft_p99").toFixed(1)} | ${of(name, "rss_mb_end").toFixed(0)} | ${of(name, "bad")} |`,
      );
    }
  }
  for (const [name, times] of firstAnswers) lines.push(`\nfirst answer of ${name}: ${median(times).toFixed(0)} ms`);
  process.stdout.write(`\n${lines.join("\n")}\n`);
}

await main();
