/** What is asked of a large database, and how long it takes. */
import type { BookLedger } from "../../src/ledger/ledger.ts";
import { monthOf } from "../../src/ledger/periods.ts";
import { newId } from "../../src/lib/ids.ts";
import type { AuditFilter } from "../../src/audit/filter.ts";
import type { Store } from "../../src/store/open.ts";
import { anyCall, type Customer, pickCustomer } from "./fill.ts";

export interface Timing {
  what: string;
  times: number;
  /** ms. */
  median: number;
  slowest: number;
}

export interface Subject {
  store: Store;
  ledger: BookLedger;
  customers: readonly Customer[];
  /** Request ids of calls that were made. */
  sample: readonly string[];
  /** ms since the epoch of the newest call. */
  now: number;
}

/** How long one run takes, in ms, over several. */
export async function time(what: string, times: number, run: (index: number) => unknown): Promise<Timing> {
  const taken: number[] = [];
  for (let index = 0; index < times; index += 1) {
    const started = performance.now();
    await run(index);
    taken.push(performance.now() - started);
    await new Promise((resolve) => setImmediate(resolve));
  }
  taken.sort((a, b) => a - b);
  return { what, times, median: taken[times >> 1] ?? 0, slowest: taken.at(-1) ?? 0 };
}

const DAY_MS = 86_400_000;

export async function* measureCalls({ ledger, customers, sample, now }: Subject): AsyncGenerator<Timing> {
  yield await time("hold + settle + receipt + audit", 2_000, () =>
    anyCall(ledger, pickCustomer(customers), newId("req"), now),
  );
  yield await time("receipt by request", 1_000, (index) => ledger.receipt(sample[(index * 7_919) % sample.length]!));
  yield await time("credits of an account", 1_000, () => ledger.balance(pickCustomer(customers).account));
}

export async function* measureReports({ store, customers, sample, now }: Subject): AsyncGenerator<Timing> {
  const [{ account, keys } = { account: "", keys: [] }] = customers;
  const month = monthOf(now, "UTC");
  const from = Date.parse(`${month}-01T00:00:00Z`);
  const of = (accountId: string | null, more: Partial<AuditFilter> = {}): AuditFilter => ({
    accountId,
    from,
    to: now + 1,
    ...more,
  });
  for (const [who, id] of [
    ["largest account", account],
    ["all accounts", null],
  ] as const) {
    for (const group of ["day", "model", "key"] as const)
      yield await time(`usage this month by ${group}, ${who}`, 5, () => store.audit.usage(of(id), [group]));
  }
  const edges = of(account, { from: from + DAY_MS / 3, to: now - DAY_MS / 3 });
  yield await time("usage of cut days, largest account", 5, () => store.audit.usage(edges, ["day", "model"]));
  const smallest = customers.at(-1)?.account ?? "";
  yield await time("invoice of this month, largest account", 3, () => store.invoices.invoice(account, month));
  yield await time("invoice of this month, smallest account", 3, () => store.invoices.invoice(smallest, month));
  const [requestId = ""] = sample;
  yield await time("audit of one request, largest account", 20, () =>
    store.audit.page({ accountId: account, requestId }, { limit: 100, cursor: null, operator: false }),
  );
  yield* measurePages(store, account, keys.at(-1) ?? "", now);
}

async function* measurePages(store: Store, account: string, keyId: string, now: number): AsyncGenerator<Timing> {
  const middle = String(Math.floor(store.audit.lastPosition() / 2));
  const page = (filter: AuditFilter, cursor: string | null = null): Promise<unknown> =>
    store.audit.page(filter, { limit: 100, cursor, operator: true });
  const all = { accountId: null };
  const old = { from: now - 200 * DAY_MS, to: now - 199 * DAY_MS };
  yield await time("audit page, newest", 20, () => page(all));
  yield await time("audit page, largest account", 20, () => page({ accountId: account }));
  yield await time("audit page, by cursor from the middle", 20, () => page({ accountId: account }, middle));
  yield await time("audit page, a key", 20, () => page({ accountId: null, keyId }));
  yield await time("audit page, a day 200 days ago", 10, () => page({ accountId: account, ...old }));
  yield await time("audit page, a rare model", 10, () => page({ accountId: account, model: "model-19" }));
  yield await time("audit page, a status that never was", 3, () => page({ accountId: null, status: 418 }));
  yield await time("audit page, a model that never was", 3, () => page({ accountId: account, model: "none" }));
}
