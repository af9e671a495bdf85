import { describe, expect, test } from "bun:test";
import { rawNumber } from "../../src/lib/json.ts";
import { csvLine } from "../../src/http/routes/audit-export.ts";
import { startOfMonth } from "../../src/http/routes/report-query.ts";
import type { AuditFilter } from "../../src/audit/filter.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { emptyUsage } from "../../src/ir/usage.ts";
import { ADMIN_TOKEN, testBed } from "./support.ts";

/** 1,200 records, newest first; the cursor is the next index. */
function bedWithRecords() {
  const filters: AuditFilter[] = [];
  const records = Array.from({ length: 1200 }, (_, index): JsonObject => ({
    request_id: `req_${index}`,
    model: '=cmd|"x"',
    cost_usd: "0.01",
  }));
  const bed = testBed({
    deps: {
      audit: {
        page: async (filter, { limit, cursor }) => {
          filters.push(filter);
          const start = Number(cursor ?? "0");
          const end = start + limit;
          return { records: records.slice(start, end), nextCursor: end < records.length ? String(end) : null };
        },
        usage: async (filter, groups) => {
          filters.push(filter);
          return groups.length === 0 ? [{ requests: 1200 }] : [{ day: "2026-11-21", requests: 1200 }];
        },
      },
    },
  });
  return { bed, filters, key: bed.addKey().key };
}

describe("audit", () => {
  test("pages by cursor, only of the caller's account", async () => {
    const { bed, filters, key } = bedWithRecords();
    const first = (await (
      await bed.send("GET", "/v1/audit?limit=1000&model=gpt-5&from=2026-11-01", { key })
    ).json()) as { data: object[]; next_cursor: string; has_more: boolean };
    expect([first.data.length, first.has_more]).toEqual([1000, true]);
    const second = (await (
      await bed.send("GET", `/v1/audit?limit=1000&cursor=${first.next_cursor}`, { key })
    ).json()) as { data: object[]; has_more: boolean };
    expect([second.data.length, second.has_more]).toEqual([200, false]);
    expect(filters[0]).toEqual({ accountId: "acc_1", model: "gpt-5", from: Date.parse("2026-11-01") });
  });

  test("exports everything as NDJSON and as CSV that no spreadsheet runs", async () => {
    const { bed, key } = bedWithRecords();
    const ndjson = await (await bed.send("GET", "/v1/audit?format=ndjson", { key })).text();
    expect(ndjson.trim().split("\n")).toHaveLength(1200);
    const answer = await bed.send("GET", "/v1/audit", { key, headers: { accept: "text/csv" } });
    const lines = (await answer.text()).trim().split("\r\n");
    expect(lines).toHaveLength(1201);
    expect(lines.slice(0, 2)).toEqual(["request_id,model,cost_usd", `req_0,"'=cmd|""x""",0.01`]);
    const nested = testBed({
      deps: {
        audit: {
          page: async () => ({
            records: [
              { tokens: { input: 3, cached: 1 }, tokens_input: 3, cost_usd: rawNumber("0.00000335"), losses: [] },
            ],
            nextCursor: null,
          }),
          usage: async () => [],
        },
      },
    });
    const flat = await nested.send("GET", "/v1/audit?format=csv", { key: nested.addKey().key });
    expect(await flat.text()).toBe("tokens_input,tokens_cached,cost_usd,losses\r\n3,1,0.00000335,[]\r\n");
    expect(csvLine([null, 1, true, "a,b", "a\nb"])).toBe(',1,true,"a,b","a\nb"\r\n');
    for (const sign of ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]) {
      expect(csvLine([`${sign}1`])).toMatch(/^"?'/);
    }
  });

  test("records are known under the thread's name", async () => {
    const { bed, key } = bedWithRecords();
    const known = (await (await bed.send("GET", "/v1/audit?limit=1&thread=th_audit_api_usage", { key })).json()) as {
      data: object[];
    };
    expect(known.data[0]).toMatchObject({
      request_id: "req_0",
      thread: "th_audit_api_usage",
      body: { request_id: "req_0" },
    });
    expect(await (await bed.send("GET", "/v1/audit?thread=other", { key })).json()).toMatchObject({ data: [] });
  });

  test.each(["limit=0", "limit=1001", "format=xml", "from=yesterday", "status=abc", "account_id=acc_2", "nonsense=1"])(
    "%s is a 400 that names the parameter",
    async (query) => {
      const { bed, key } = bedWithRecords();
      const answer = await bed.send("GET", `/v1/audit?${query}`, { key });
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: query.split("=")[0] } }]);
    },
  );

  test("operators see every account, or one", async () => {
    const { bed, filters } = bedWithRecords();
    await bed.send("GET", "/admin/audit", { key: ADMIN_TOKEN });
    await bed.send("GET", "/admin/audit?account_id=acc_2", { key: ADMIN_TOKEN });
    expect(filters.map((filter) => filter.accountId)).toEqual([null, "acc_2"]);
  });
});

describe("usage", () => {
  test("covers this month by day unless told otherwise", async () => {
    const { bed, filters, key } = bedWithRecords();
    const body = await (await bed.send("GET", "/v1/usage", { key })).json();
    expect(body).toMatchObject({
      from: "2026-11-01T00:00:00.000Z",
      group_by: ["day"],
      data: [{ day: "2026-11-21" }],
      total: { requests: 1200 },
    });
    expect(filters[0]?.accountId).toBe("acc_1");
    expect((await bed.send("GET", "/v1/usage?group_by=planet", { key })).status).toBe(400);
    expect((await bed.send("GET", "/v1/usage?from=2026-11-02&to=2026-11-01", { key })).status).toBe(400);
  });

  test("months begin in the billing zone", () => {
    const at = Date.parse("2026-10-31T17:00:00Z");
    expect(new Date(startOfMonth(at, "Asia/Kuala_Lumpur")).toISOString()).toBe("2026-10-31T16:00:00.000Z");
    expect(new Date(startOfMonth(at, "UTC")).toISOString()).toBe("2026-10-01T00:00:00.000Z");
  });
});

describe("receipts", () => {
  test("are shown to their account and to operators only", async () => {
    const bed = testBed();
    const mine = bed.addKey();
    const theirs = bed.addKey({ accountId: "acc_2" });
    bed.ledger.receipts.set("req_1", {
      requestId: "req_1",
      holdId: "hold_1",
      accountId: "acc_1",
      charged: 1_234_500n,
      absorbed: 0n,
      currency: "USD",
      usage: { ...emptyUsage(), tokens: { input: 10, output: 5 } },
      usageSource: "provider",
      priceVersion: "gpt-5@1",
      lines: [{ kind: "tokens", name: "input", quantity: 10, unitUsd: "1.25", amount: "0.0000125", currency: "USD" }],
      settledAt: 0,
      state: "settled",
    });
    const body = await (await bed.send("GET", "/v1/receipts/req_1", { key: mine.key })).json();
    expect(body).toMatchObject({
      charged: "0.0012345",
      cost_cents: "0.12345",
      usage: { tokens: { input: 10 } },
      usage_source: "provider",
    });
    expect((await bed.send("GET", "/v1/receipts/req_1", { key: theirs.key })).status).toBe(404);
    expect((await bed.send("GET", "/admin/receipts/req_1", { key: ADMIN_TOKEN })).status).toBe(200);
  });
});

describe("caps per call", () => {
  test("are set, read and removed, for ids with slashes too", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    for (const path of ["/v1/models/gpt-5/cap", "/v1/models/lab/tiny/cap", "/v1/models/lab%2Ftiny/cap"]) {
      expect(await (await bed.send("PUT", path, { key, body: { cap: "0.25" } })).json()).toMatchObject({ cap: "0.25" });
      expect(await (await bed.send("GET", path, { key })).json()).toMatchObject({
        cap: "0.25",
        effective_cap: "0.25",
        currency: "USD",
      });
      expect(await (await bed.send("DELETE", path, { key })).json()).toMatchObject({ cap: null });
    }
    expect((await bed.send("PUT", "/v1/models/gpt-5/cap", { key, body: { cap: "0" } })).status).toBe(400);
    expect((await bed.send("PUT", "/v1/models/nope/cap", { key, body: { cap: "1" } })).status).toBe(404);
    expect((await bed.send("PUT", "/v1/models/gpt-5", { key, body: { cap: "1" } })).status).toBe(405);
  });
});
