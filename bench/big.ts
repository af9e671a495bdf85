/**
 * A database of many calls: what start-up, calls, reports, invoices and pruning take with a year behind them. `bun bench/big.ts [calls]` (default
 * 10,000,000) fills one below --dir through the ledger's own storage and measures; --keep leaves it there, --data FOLDER measures such a one again.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BookLedger } from "../src/ledger/ledger.ts";
import { monthOf } from "../src/ledger/periods.ts";
import { createLogger } from "../src/lib/log.ts";
import { DATABASE_FILE } from "../src/store/files.ts";
import { openStore, type Store } from "../src/store/open.ts";
import { verifyDataFolder } from "../src/store/verify.ts";
import { type Customer, makeCustomers, open as openAccounts } from "./big/fill.ts";
import { pour } from "./big/pour.ts";
import { measureCalls, measureReports, type Timing } from "./big/measure.ts";

const { values, positionals } = parseArgs({
  options: {
    dir: { type: "string", default: tmpdir() },
    data: { type: "string" },
    keep: { type: "boolean", default: false },
    prune: { type: "boolean", default: false },
    verify: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const CALLS = Number(positionals[0] ?? 10_000_000);
const DAY_MS = 86_400_000;
const clock = { now: Date.now(), monotonic: () => performance.now() };
const log = createLogger((line) => process.stderr.write(line), "warn");
const folder = values.data ?? mkdtempSync(join(values.dir, "tollgate-big-"));
const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** What is known of a filled folder. */
interface Facts {
  customers: Customer[];
  sample: string[];
  now: number;
}
const FACTS = join(folder, "bench.json");

function open(): { store: Store; ledger: BookLedger } {
  const now = () => clock.now;
  const store = openStore(folder, { log, currency: () => "USD", now });
  const options = { storage: store.ledger, log, currency: () => "USD", timezone: () => "UTC" };
  return { store, ledger: new BookLedger({ ...options, clock: { now, monotonic: clock.monotonic } }) };
}

async function make(): Promise<void> {
  const now = Date.now();
  const customers = makeCustomers();
  const { store, ledger } = open();
  const shape = { calls: CALLS, from: now - 365 * DAY_MS, to: now };
  clock.now = shape.from;
  await openAccounts(ledger, customers, clock);
  const started = performance.now();
  const sample = await pour(store.ledger, customers, shape, (done) => {
    const seconds = (performance.now() - started) / 1_000;
    if (done % 1_000_000 === 0) print(`${done} calls, ${Math.round(done / seconds)} calls/s`);
  });
  await store.close();
  writeFileSync(FACTS, JSON.stringify({ customers, sample, now } satisfies Facts));
}

const row = ({ what, times, median, slowest }: Timing): string =>
  `| ${what.padEnd(42)} | ${String(times).padStart(5)} | ${median.toFixed(2).padStart(10)} | ${slowest.toFixed(2).padStart(10)} |`;

async function once(what: string, run: () => unknown): Promise<Timing> {
  const started = performance.now();
  await run();
  const taken = performance.now() - started;
  return { what, times: 1, median: taken, slowest: taken };
}

/** Drops the oldest month while somebody watches how long the event loop stands still. */
async function prune(store: Store, now: number): Promise<Timing[]> {
  const pauses: number[] = [];
  let last = performance.now();
  const watch = setInterval(() => {
    pauses.push(performance.now() - last);
    last = performance.now();
  }, 1);
  const whole = await once("pruning of the oldest month", () =>
    store.retention.prune(monthOf(now - 340 * DAY_MS, "UTC")),
  );
  clearInterval(watch);
  pauses.sort((a, b) => a - b);
  const pause = { median: pauses[pauses.length >> 1] ?? 0, slowest: pauses.at(-1) ?? 0 };
  return [whole, { what: "pause of other calls meanwhile", times: pauses.length, ...pause }];
}

try {
  if (values.data === undefined) await make();
  const facts = JSON.parse(readFileSync(FACTS, "utf8")) as Facts;
  clock.now = facts.now;
  const megabytes = Math.round(statSync(join(folder, DATABASE_FILE)).size / 1_048_576);
  let opened = {} as ReturnType<typeof open>;
  const timings = [
    await once("start", async () => {
      opened = open();
      await opened.ledger.recover();
    }),
  ];
  const subject = { ...opened, ...facts };
  timings.push(...(await measureCalls(subject)), ...(await measureReports(subject)));
  if (values.prune) timings.push(...(await prune(opened.store, facts.now)));
  await opened.store.close();
  if (values.verify) {
    timings.push(await once("verify", () => print(JSON.stringify(verifyDataFolder(folder)))));
  }
  print(`${megabytes} MB\n`);
  print(`| ${"what".padEnd(42)} | times | median, ms | slowest, ms |`);
  for (const timing of timings) print(row(timing));
} finally {
  if (values.data === undefined && !values.keep) rmSync(folder, { recursive: true, force: true });
  else print(folder);
}
