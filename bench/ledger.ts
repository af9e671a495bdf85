/**
 * What money costs: hold + settle + receipt + audit per call, durable (WAL, FULL), against the obvious way (one transaction per step) and against
 * a ledger that forgets. `bun run bench:ledger [calls]`; the data folder is made below --dir (default: the system's temporary folder), so that
 * another disk can be measured.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BookLedger } from "../src/ledger/ledger.ts";
import type { LedgerStorage } from "../src/ledger/storage.ts";
import { systemClock } from "../src/lib/clock.ts";
import { newId } from "../src/lib/ids.ts";
import { createLogger } from "../src/lib/log.ts";
import { openStore } from "../src/store/open.ts";
import { verifyDataFolder } from "../src/store/verify.ts";
import { call, type Caller } from "./ledger/call.ts";
import { NaiveLedger } from "./ledger/naive.ts";
import { NoStorage } from "./ledger/no-storage.ts";

const { values, positionals } = parseArgs({
  options: { dir: { type: "string", default: tmpdir() }, callers: { type: "string", default: "2000" } },
  allowPositionals: true,
});
const CALLS = Number(positionals[0] ?? 400_000);
const CALLERS = Number(values.callers);
const ACCOUNTS = Array.from({ length: 100 }, () => ({ account: newId("acct"), key: newId("key") }));
const log = createLogger((line) => process.stderr.write(line), "warn");
const folder = mkdtempSync(join(values.dir, "tollgate-bench-"));

interface Rate {
  callsPerSecond: number;
  /** µs of CPU per call, all threads. */
  cpu: number;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const whole = (value: number): string => Math.round(value).toLocaleString("en");

async function openLedger(storage: LedgerStorage): Promise<BookLedger> {
  const options = { storage, clock: systemClock, log, currency: () => "USD", timezone: () => "UTC" };
  const ledger = new BookLedger(options);
  for (const { account } of ACCOUNTS) {
    const credit = { accountId: account, amount: 10n ** 15n, kind: "topup", reason: "bench" } as const;
    await ledger.credit({ ...credit, idempotencyKey: null, expiresAt: null });
  }
  return ledger;
}

/** As many calls as callers are always under way. */
async function load(calls: number, run: (index: number) => Promise<unknown>): Promise<Rate> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < calls) await run(next++);
  };
  const cpu = process.cpuUsage();
  const started = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const seconds = (performance.now() - started) / 1_000;
  const used = process.cpuUsage(cpu);
  return { callsPerSecond: calls / seconds, cpu: (used.user + used.system) / calls };
}

const at = (index: number): Caller => ACCOUNTS[index % ACCOUNTS.length] ?? ACCOUNTS[0]!;

async function measureLedger(storage: LedgerStorage, calls: number): Promise<Rate> {
  const ledger = await openLedger(storage);
  const warmUp = Math.min(20_000, calls);
  // The request's id is not the ledger's.
  const ids = Array.from({ length: calls + warmUp }, () => newId("req"));
  const run = (index: number): Promise<unknown> => call(ledger, at(index), ids.pop() ?? "");
  await load(warmUp, run);
  return load(calls, run);
}

/** ms that hold and settlement add to a call when nothing else goes on. */
async function measureIdle(
  storage: LedgerStorage,
  calls: number,
): Promise<{ hold: number; settle: number; both: number }> {
  const ledger = await openLedger(storage);
  const times: [number, number][] = [];
  for (let index = 0; index < calls; index += 1) {
    times.push(await call(ledger, at(index), newId("req")));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const median = (list: number[]): number => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  return {
    hold: median(times.map(([hold]) => hold)),
    settle: median(times.map(([, settle]) => settle)),
    both: median(times.map(([hold, settle]) => hold + settle)),
  };
}

function measureNaive(calls: number): Rate {
  const naive = new NaiveLedger(folder);
  for (const { account } of ACCOUNTS) naive.credit(account, 1e15);
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let index = 0; index < calls; index += 1) naive.call(at(index).account, 4_000_000, newId("req"));
  const seconds = (performance.now() - started) / 1_000;
  const used = process.cpuUsage(cpu);
  naive.close();
  return { callsPerSecond: calls / seconds, cpu: (used.user + used.system) / calls };
}

try {
  const store = openStore(join(folder, "data"), { log, currency: () => "USD", now: () => Date.now() });
  const idle = await measureIdle(store.ledger, 1_000);
  const durable = await measureLedger(store.ledger, CALLS);
  await store.close();
  const { findings, settlements } = verifyDataFolder(join(folder, "data"));
  const memory = await measureLedger(new NoStorage(), CALLS);
  const naive = measureNaive(Math.min(CALLS, 5_000));
  print(
    `durable (WAL, FULL)          ${whole(durable.callsPerSecond)} calls/s, ${durable.cpu.toFixed(1)} µs CPU a call`,
  );
  print(`memory only                  ${whole(memory.callsPerSecond)} calls/s, ${memory.cpu.toFixed(1)} µs CPU a call`);
  print(`one transaction per step     ${whole(naive.callsPerSecond)} calls/s, ${naive.cpu.toFixed(1)} µs CPU a call`);
  print(`durable / one per step       ${(durable.callsPerSecond / naive.callsPerSecond).toFixed(2)}`);
  print(`durable / memory only        ${(durable.callsPerSecond / memory.callsPerSecond).toFixed(2)}`);
  const { hold, settle, both } = idle;
  print(
    `idle, median                 hold ${hold.toFixed(3)} ms, settle ${settle.toFixed(3)} ms, both ${both.toFixed(3)} ms`,
  );
  print(`${settlements} settlements, ${findings.length} findings`);
  for (const finding of findings.slice(0, 5)) print(finding);
  if (findings.length > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
