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
import { measureCalls, measureReports, time, type Timing } from "./big/measure.ts";

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

const show = ({ what, times, median, slowest }: Timing): void =>
  print(
    `| ${what.padEnd(42)} | ${String(times).padStart(5)} | ${median.toFixed(2).padStart(10)} | ${slowest.toFixed(2).padStart(10)} |`,
  );

/** Drops the oldest month while somebody watches how long the event loop stands still. */
async function prune(store: Store, now: number): Promise<void> {
  const pauses: number[] = [];
  let last = performance.now();
  const watch = setInterval(() => {
    pauses.push(performance.now() - last);
    last = performance.now();
  }, 1);
  const oldest = monthOf(now - 365 * DAY_MS, "UTC");
  show(await time("pruning of the oldest month", 1, () => store.retention.prune(oldest)));
  clearInterval(watch);
  pauses.sort((a, b) => a - b);
  const pause = { median: pauses[pauses.length >> 1] ?? 0, slowest: pauses.at(-1) ?? 0 };
  show({ what: "pause of other calls meanwhile", times: pauses.length, ...pause });
}

async function measure(facts: Facts): Promise<void> {
  let opened: ReturnType<typeof open> | null = null;
  const start = await time("start", 1, async () => {
    opened = open();
    await opened.ledger.recover();
  });
  show(start);
  const { store, ledger } = opened ?? open();
  const subject = { store, ledger, ...facts };
  for await (const timing of measureCalls(subject)) show(timing);
  show(await time("summing up what is new", 1, () => store.summaries.catchUp()));
  for await (const timing of measureReports(subject)) show(timing);
  if (values.prune) await prune(store, facts.now);
  await store.close();
}

try {
  if (values.data === undefined) await make();
  const facts = JSON.parse(readFileSync(FACTS, "utf8")) as Facts;
  clock.now = facts.now;
  print(`${Math.round(statSync(join(folder, DATABASE_FILE)).size / 1_048_576)} MB\n`);
  print(`| ${"what".padEnd(42)} | times | median, ms | slowest, ms |`);
  await measure(facts);
  if (values.verify) show(await time("verify", 1, () => print(JSON.stringify(verifyDataFolder(folder)))));
} finally {
  if (values.data === undefined && !values.keep) rmSync(folder, { recursive: true, force: true });
  else print(folder);
}
