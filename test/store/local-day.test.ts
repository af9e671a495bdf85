/** Days of reports are days of the billing zone. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import * as fc from "../support/property.ts";
import { dayOf } from "../../src/ledger/periods.ts";
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
  const usage = (accountId: string) => book.store.audit.usage({ accountId }, ["day"]);
  book.timezone = "Asia/Kuala_Lumpur";
  expect(await usage("a")).toMatchObject([
    { day: "2026-11-21", calls: 1, tokens_output: 100 },
    { day: "2026-11-22", calls: 1, tokens_output: 200 },
  ]);
  book.timezone = "UTC";
  expect(await usage("a")).toMatchObject([{ day: "2026-11-21", calls: 2 }]);
  expect(await usage("nobody")).toEqual([]);
});
