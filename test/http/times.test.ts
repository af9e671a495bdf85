import { afterEach, describe, expect, test } from "bun:test";
import { readTime } from "../../src/http/times.ts";

describe("times in bodies and queries", () => {
  const zone = process.env["TZ"];
  afterEach(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });

  test.each([
    ["2027-01-31", "2027-01-31T00:00:00.000Z"],
    ["2027-01-31T10:00:00Z", "2027-01-31T10:00:00.000Z"],
    ["2027-01-31T10:00:00+08:00", "2027-01-31T02:00:00.000Z"],
    ["2027-01-31T10:00:00", "2027-01-31T10:00:00.000Z"],
    ["2027-01-31T10:00", "2027-01-31T10:00:00.000Z"],
  ])("%s is %s, wherever the machine stands", (text, instant) => {
    process.env["TZ"] = "Asia/Tokyo";
    expect(new Date(readTime("from", text)).toISOString()).toBe(instant);
  });

  test.each(["", "tomorrow", "31.01.2027", "2027-13-01", "2027-01-31T25:00:00", "2027-01-31T::"])(
    "%p is none",
    (text) => {
      expect(() => readTime("from", text)).toThrow("from must be an ISO 8601 time");
    },
  );
});
