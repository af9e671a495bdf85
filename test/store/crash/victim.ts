/**
 * A process that makes calls on the ledger until a failpoint kills it: `bun victim.ts <data folder> [calls of each
 * caller]`, the failpoint in FAILPOINT. Tells on stdout what was acknowledged to it: `held <request>` and `ended <request> <charge>`, each only when durable.
 * Every third call is one whose answer goes out as a whole: its hold is on disk with its end.
 */
import { writeSync } from "node:fs";
import { BookLedger } from "../../../src/ledger/ledger.ts";
import { priceUsage } from "../../../src/ledger/price.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { failpoint } from "../../../src/lib/failpoint.ts";
import { createLogger } from "../../../src/lib/log.ts";
import { openStore } from "../../../src/store/open.ts";
import { usage } from "../../ledger/price-support.ts";
import { auditOf, PIN, requestOf, UNIT } from "../support.ts";

const CALLERS = 8;

const [folder = "", callsEach = "40"] = process.argv.slice(2);
const log = createLogger(() => undefined, "error");
// Written at once: what a pipe's buffer holds would die with the process.
const tell = (line: string): void => void writeSync(1, `${line}\n`);

const store = openStore(folder, { log, currency: () => "USD", now: () => Date.now() });
const ledger = new BookLedger({
  storage: store.ledger,
  clock: systemClock,
  log,
  currency: () => "USD",
  timezone: () => "UTC",
});
await ledger.recover();
const boot = crypto.randomUUID();
await ledger.credit({
  accountId: "a",
  amount: 1_000n * UNIT,
  kind: "topup",
  reason: "test",
  idempotencyKey: null,
  expiresAt: null,
});

async function call(requestId: string, index: number): Promise<void> {
  const streamed = index % 3 !== 2;
  const reservation = await ledger.reserve(requestOf(requestId, UNIT / 10n, { streamed }));
  if (!reservation.ok) throw new Error(reservation.refusal.kind);
  await reservation.durable;
  if (streamed) tell(`held ${requestId}`);
  failpoint("hold-committed");
  if (streamed) {
    const half = usage({ input: 100 + index, output: 50 });
    const charge = priceUsage(half, PIN, { requestedTier: null }).charge;
    await ledger.checkpoint(reservation.hold.id, { usage: half, source: "counted", charge });
  }
  if (index % 5 === 4) {
    const ended = await ledger.void(reservation.hold.id, "nothing came", auditOf(requestId, Date.now()));
    return tell(`ended ${requestId} ${ended.charged}`);
  }
  const used = usage({ input: 200 + index, output: 100 });
  const price = priceUsage(used, PIN, { requestedTier: null });
  const audit = auditOf(requestId, Date.now());
  const settlement = { usage: used, source: "provider", pin: PIN, price, absorb: false, audit } as const;
  const receipt = await ledger.settle(reservation.hold.id, settlement);
  tell(`ended ${requestId} ${receipt.charged}`);
}

await Promise.all(
  Array.from({ length: CALLERS }, async (_, caller) => {
    for (let index = 0; index < Number(callsEach); index += 1) await call(`req_${boot}_${caller}_${index}`, index);
  }),
);
await store.close();
