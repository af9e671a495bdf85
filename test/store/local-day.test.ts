/** Days of reports are days of the billing zone. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import * as fc from "fast-check";
import { dayOf } from "../../src/ledger/periods.ts";
import { AuditQueries } from "../../src/store/audit-queries.ts";
import { DATABASE_FILE } from "../../src/store/files.ts";
import { localDaySql } from "../../src/store/local-day.ts";
import { Book, UNIT } from "./support.ts";

const db = new Database(":memory:");
const FROM = Date.UTC(2025, 0, 1);
const TO = Date.UTC(2027, 0, 1);

test.each(["UTC", "Asia/Kuala_Lumpur", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])(
  "%s: SQL and calendar agree at any instant, over changes of the clocks too",
  (zone) => {
    const query = db.query(`SELECT ${localDaySql("?1", FROM, TO, zone)} AS day`);
    fc.assert(
      fc.property(fc.integer({ min: FROM, max: TO }), (at) => {
        expect(query.get(at)).toEqual({ day: dayOf(at, zone) });
      }),
      { numRuns: 300 },
    );
  },
);

test("usage by day: a call at 17:00 UTC is one of the next day in Kuala Lumpur", async () => {
  await using book = new Book();
  await book.credit(UNIT);
  book.now = Date.UTC(2026, 10, 21, 15);
  await book.call(100);
  book.now = Date.UTC(2026, 10, 21, 17);
  await book.call(200);
  const file = new Database(join(book.dataDir, DATABASE_FILE), { readonly: true, safeIntegers: true });
  const usage = (zone: string) => new AuditQueries(file, () => zone).usage({ accountId: "a" }, ["day"]);
  const kualaLumpur = await usage("Asia/Kuala_Lumpur");
  expect(kualaLumpur).toMatchObject([
    { day: "2026-11-21", calls: 1, tokens_output: 100 },
    { day: "2026-11-22", calls: 1, tokens_output: 200 },
  ]);
  expect(await usage("UTC")).toMatchObject([{ day: "2026-11-21", calls: 2 }]);
  expect(await new AuditQueries(file).usage({ accountId: "nobody" }, ["day"])).toEqual([]);
  file.close();
});
