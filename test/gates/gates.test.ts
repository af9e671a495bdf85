import { describe, expect, test } from "bun:test";
import { clientAddress, limitAddress, Networks, normalizeAddress } from "../../src/gates/client-address.ts";
import { readCredentials } from "../../src/gates/credential.ts";
import { coversGlobs, isModelAllowed } from "../../src/gates/globs.ts";
import { digestKey, isWellFormedKey, keyPattern, mintKey } from "../../src/gates/keys.ts";
import { RateLimiter } from "../../src/gates/limits.ts";
import type { Principal } from "../../src/gates/types.ts";
import { GatewayError } from "../../src/ir/error.ts";
import { account, PEPPER, TestClock } from "../http/support.ts";

describe("keys", () => {
  test("a minted key has prefix, checksum, digest and display", () => {
    const minted = mintKey("spx_sk_live_", PEPPER);
    expect(minted.key).toMatch(new RegExp(`^${keyPattern("spx_sk_live_")}$`));
    expect(isWellFormedKey(minted.key)).toBe(true);
    expect(minted.digest).toBe(digestKey(PEPPER, minted.key));
    expect(minted.display).toBe(`spx_sk_live_...${minted.key.slice(-4)}`);
    expect(mintKey("spx_sk_live_", PEPPER).key).not.toBe(minted.key);
  });

  test("any changed character breaks the checksum", () => {
    const { key } = mintKey("tg-", PEPPER);
    for (let index = 0; index < key.length; index += 1) {
      const other = key[index] === "x" ? "y" : "x";
      expect(isWellFormedKey(key.slice(0, index) + other + key.slice(index + 1))).toBe(false);
    }
    for (const text of ["", "tg-", key.slice(0, -1), `${key}0`, "a".repeat(10_000)]) {
      expect(isWellFormedKey(text)).toBe(false);
    }
  });
});

describe("credentials", () => {
  const read = (headers: Record<string, string>, query: string | null = null) =>
    readCredentials(new Headers(headers), query);

  test("are found in every place, in order", () => {
    expect(read({ authorization: "Bearer a" })).toEqual([{ text: "a", source: "authorization" }]);
    expect(read({ "x-api-key": "b", authorization: "bearer  a " }).map(({ text }) => text)).toEqual(["a", "b"]);
    expect(read({ authorization: "Basic a", "x-api-key": "b" })).toEqual([{ text: "b", source: "x-api-key" }]);
    expect(read({ "x-goog-api-key": "c" })).toEqual([{ text: "c", source: "x-goog-api-key" }]);
    expect(read({ "x-goog-api-key": "c", "x-api-key": "c" }, "key=c")).toEqual([{ text: "c", source: "x-api-key" }]);
    expect(read({}, "alt=sse&key=d")).toEqual([{ text: "d", source: "query" }]);
    expect(read({ authorization: "Bearer " })).toEqual([]);
    expect(read({}, "alt=sse")).toEqual([]);
  });

  test("junk is a credential that nothing matches", () => {
    for (const text of ["' OR 1=1 --", "a".repeat(9000), "ké", "a b"]) {
      expect(read({ "x-api-key": encodeURI(text) === text ? text : "a b" })).toEqual([
        { text: "", source: "x-api-key" },
      ]);
    }
  });
});

describe("globs", () => {
  const model = { id: "claude-haiku-4-5", provider: "anthropic" };
  test("every list must let the model pass", () => {
    expect(isModelAllowed([], model)).toBe(true);
    expect(isModelAllowed([["claude-*"], []], model)).toBe(true);
    expect(isModelAllowed([["anthropic/*"], ["gpt-*"]], model)).toBe(false);
  });
  test("covering is never told by mistake", () => {
    expect(coversGlobs([], ["*"])).toBe(true);
    expect(coversGlobs(["gpt-*"], ["gpt-5*", "gpt-4o"])).toBe(true);
    expect(coversGlobs(["gpt-*"], [])).toBe(false);
    expect(coversGlobs(["gpt-5"], ["gpt-*"])).toBe(false);
    expect(coversGlobs(["a*c"], ["a*"])).toBe(false);
  });
});

describe("client addresses", () => {
  const trusted = new Networks(["10.0.0.0/8", "::1", "fd00::/8"]);
  test.each([
    ["1.2.3.4", "9.9.9.9", "1.2.3.4"],
    ["10.0.0.1", null, "10.0.0.1"],
    ["10.0.0.1", "9.9.9.9", "9.9.9.9"],
    ["10.0.0.1", "6.6.6.6, 9.9.9.9, 10.1.1.1", "9.9.9.9"],
    ["::ffff:10.0.0.1", "9.9.9.9", "9.9.9.9"],
    ["10.0.0.1", "evil", "10.0.0.1"],
    ["::1", "[2001:db8::1]:443", "2001:db8:0:0:0:0:0:1"],
    ["10.0.0.1", "9.9.9.9:1234", "9.9.9.9"],
    ["10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"],
  ])("peer %s with %s is %s", (peer, forwarded, expected) => {
    expect(clientAddress(peer, forwarded, trusted)).toBe(expected);
  });
  test("limits count IPv6 by /64, and mapped IPv4 as IPv4", () => {
    expect(limitAddress("2001:db8:1:2:3:4:5:6")).toBe(limitAddress("2001:db8:1:2::9"));
    expect(limitAddress("2001:db8:1:3::9")).not.toBe(limitAddress("2001:db8:1:2::9"));
    expect(limitAddress("::ffff:1.2.3.4")).toBe("1.2.3.4");
    expect(normalizeAddress("::ffff:102:304")).toBe("1.2.3.4");
    expect(normalizeAddress("1.2.3")).toBeNull();
  });
  test("broken networks are told", () => {
    for (const text of ["10.0.0.0/33", "x", "10.0.0.0/a"]) expect(() => new Networks([text])).toThrow(RangeError);
  });
});

describe("rates", () => {
  const caller = (requestsPerMinute: number, change: Partial<Principal> = {}): Principal => ({
    account: account("acc_1"),
    key: null,
    bearer: "user",
    tier: "paid",
    limits: { requestsPerMinute, messagesPerDay: 0 },
    modelGlobs: [],
    limitSubject: "acc_1",
    ...change,
  });

  test("exactly the limit passes, then 429 with the wait, then it passes again", () => {
    const clock = new TestClock();
    const limiter = new RateLimiter(clock);
    const seen = Array.from({ length: 5 }, () => limiter.take(caller(5))["x-ratelimit-remaining"]);
    expect(seen).toEqual(["4", "3", "2", "1", "0"]);
    clock.pass(30_000);
    let refused: unknown = null;
    try {
      limiter.take(caller(5));
    } catch (error) {
      refused = error;
    }
    if (!(refused instanceof GatewayError)) throw new Error("not refused");
    expect([refused.status, refused.code, refused.retryAfterSeconds]).toEqual([429, "rate_limited", 30]);
    expect(refused.message).toBe("5 requests per minute on paid tier; retry in 30s");
    expect(refused.headers).toMatchObject({
      "x-ratelimit-limit": "5",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "30",
    });
    clock.pass(30_000);
    expect(limiter.take(caller(5))["x-ratelimit-remaining"]).toBe("4");
  });

  test("a jump of the wall clock changes nothing", () => {
    const clock = new TestClock();
    const limiter = new RateLimiter(clock);
    limiter.take(caller(1));
    clock.wall += 3_600_000;
    expect(() => limiter.take(caller(1))).toThrow(GatewayError);
    clock.wall -= 7_200_000;
    expect(() => limiter.take(caller(1))).toThrow(GatewayError);
  });

  test("0 is no limit, and no headers", () => {
    const limiter = new RateLimiter(new TestClock());
    expect(limiter.take(caller(0))).toEqual({});
  });

  test("a key with a limit of its own is counted by itself and with its account", () => {
    const limiter = new RateLimiter(new TestClock());
    const key = { id: "key_1" } as NonNullable<Principal["key"]>;
    const own = caller(2, { key, sharedRequestsPerMinute: 3 });
    limiter.take(own);
    limiter.take(own);
    expect(() => limiter.take(own)).toThrow("2 requests per minute");
    limiter.take(caller(3));
    expect(() => limiter.take(caller(3))).toThrow("3 requests per minute");
  });
});
