import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "../support/property.ts";
import { ROUTES } from "../../src/http/route-table.ts";
import { ADMIN_TOKEN, testBed } from "./support.ts";
import { HANGING_MS } from "../support/limits.ts";

setDefaultTimeout(HANGING_MS);

/** Field names and values that the routes know, mixed with anything else. */
const names = fc.constantFrom(
  "name", "models", "monthly_cap", "limits", "expires_at", "strict", "kind", "amount", "currency", "reason", "cap", "tier",
  "status", "markup_percent", "own_providers_only", "idempotency_key", "__proto__", "constructor",
); // prettier-ignore
const values = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    "5.00",
    "-1",
    "1e5",
    "99999999999999999999",
    "0.0000000001",
    "2027-01-01",
    "*",
    "active",
    "closed",
    "grant",
    "",
  ),
  fc.constantFrom(0, -0, 1e308, 5e-324, 9007199254740991, null, true),
);
const bodies = fc.oneof(
  fc.dictionary(names, values, { maxKeys: 5 }).map((body) => JSON.stringify(body)),
  fc.string(),
  fc.json(),
);
const segments = fc.oneof(
  fc.constantFrom("gpt-5", "key_1", "acc_1", "%00", "%E0%A4", "..", "%2e%2e%2f", "a%2Fb", "'", "%", "cap", "x:y"),
  fc.webSegment(),
);
const queries = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((query) => `?${query}`),
  fc.constantFrom(
    "?limit=-1",
    "?from=0",
    "?group_by=day,day",
    "?format=csv&cursor=%00",
    "?pageSize=1e9",
    "?after_id[]=x",
    "?__proto__=1",
  ),
);

const wellFormed = (path: string): boolean => URL.canParse(`http://localhost${path}`);

test("whatever comes in, no route answers with a 5xx or lets out how it is made", async () => {
  const bed = testBed();
  const { key } = bed.addKey({ id: "key_1" });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...ROUTES), segments, queries, bodies, async (route, segment, query, body) => {
      const path = route.path.replace(/\{[a-z_]+\}/g, () => segment) + query;
      fc.pre(wellFormed(path));
      const hasBody = route.method !== "GET" && route.method !== "DELETE";
      const answer = await bed.send(route.method, path, {
        key: route.auth === "admin" ? ADMIN_TOKEN : key,
        ...(hasBody ? { body } : {}),
      });
      const text = await answer.text();
      expect(answer.status).toBeLessThan(500);
      if (!answer.ok) {
        expect(text).not.toMatch(/node_modules|\/src\/|at [A-Za-z.]+ \(/);
        expect(answer.headers.get("x-tollgate-request-id")).not.toBeNull();
      }
      bed.keys.keys.set("key_1", {
        ...(bed.keys.keys.get("key_1") ?? failed()),
        revokedAt: null,
        expiresAt: null,
        models: [],
        monthlyCap: null,
      });
      bed.keys.accounts.forEach((account, id) => bed.keys.accounts.set(id, { ...account, status: "active" }));
    }),
    { numRuns: 1500 },
  );
  expect(bed.logged).toEqual([]);
});

function failed(): never {
  throw new Error("the key is gone");
}
