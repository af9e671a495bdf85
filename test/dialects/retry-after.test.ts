import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/index.ts";
import { GatewayError } from "../../src/ir/error.ts";

const DATE = "Wed, 21 Oct 2026 07:28:00 GMT";

describe.each(Object.values(DIALECTS))("$id", (dialect) => {
  test.each([
    [{ "retry-after": "7" }, 7],
    [{ "retry-after": " 0.4 " }, 1],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "7", "retry-after-ms": "1500" }, 1.5],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: DATE }, 30],
    [{ "retry-after": "Wed, 21 Oct 1999 07:28:30 GMT", date: DATE }, 0],
    ...["", " ", "-5", "soon", "7, 8", "1e9", "0x10", "Infinity", "NaN", "60é", "9".repeat(400)].map(
      (text) => [{ "retry-after": text, date: DATE }, undefined] as const,
    ),
    [{ "retry-after": DATE }, undefined],
  ] as const)("%p asks to wait %p s", (headers: Record<string, string>, seconds) => {
    const failure = dialect.decodeError(429, "{}", { get: (name) => headers[name] ?? null });
    expect(failure.retryAfterSeconds).toBe(seconds);
  });

  test("what it tells its own clients are whole seconds", () => {
    const error = new GatewayError({ status: 429, code: "rate_limited", message: "slow down", retryAfterSeconds: 0.4 });
    const { headers } = dialect.renderError(error, "req_1", { style: "default" });
    expect({ ...headers, "retry-after": String(error.retryAfterSeconds) }["retry-after"]).toBe("1");
  });
});
