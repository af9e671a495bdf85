import { describe, expect, test } from "bun:test";
import { fetchPublicText, isPrivateAddress } from "../../src/gates/public-fetch.ts";

const LIMITS = { maxBytes: 100, timeoutMs: 1000 };

describe("texts from public addresses", () => {
  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "fe80::1",
    "fd00::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b:1::7f00:1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
  ])("%s is none of them", async (address) => {
    expect(isPrivateAddress(address)).toBe(true);
    const asked: string[] = [];
    const fetch = (url: string): Promise<Response> => {
      asked.push(url);
      return Promise.resolve(new Response("secret"));
    };
    const literal = address.includes(":") ? `[${address}]` : address;
    const options = { ...LIMITS, fetch, resolve: () => Promise.resolve([address]) };
    expect(fetchPublicText(`https://${literal}/keys`, options)).rejects.toThrow("private address");
    await expect(fetchPublicText("https://rebound.example/keys", options)).rejects.toThrow("private address");
    expect(asked).toEqual([]);
  });

  test.each(["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127。0。0。1", "①②⑦.0.0.1"])(
    "https://%s/ is no other way to say 127.0.0.1",
    async (host) => {
      const fetch = (): Promise<Response> => Promise.resolve(new Response("secret"));
      const resolve = (): Promise<string[]> => Promise.resolve(["93.184.215.14"]);
      await expect(fetchPublicText(`https://${host}/`, { ...LIMITS, fetch, resolve })).rejects.toThrow(
        "private address",
      );
    },
  );

  test("public addresses are not private; what is no address is", () => {
    const open = ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"];
    expect(open.filter(isPrivateAddress)).toEqual([]);
    expect(["", "x", "1.2.3", "localhost"].map(isPrivateAddress)).toEqual([true, true, true, true]);
  });

  test("one private address among several is enough to refuse", async () => {
    const resolve = (): Promise<string[]> => Promise.resolve(["93.184.215.14", "10.0.0.1"]);
    const fetch = (): Promise<Response> => Promise.resolve(new Response("x"));
    await expect(fetchPublicText("https://mixed.example", { ...LIMITS, resolve, fetch })).rejects.toThrow("private");
  });

  test("the connection goes to the address that was checked, with the name for TLS and Host, and follows no redirect", async () => {
    const seen: { url: string; init: BunFetchRequestInit }[] = [];
    const options = {
      ...LIMITS,
      resolve: () => Promise.resolve(["93.184.215.14"]),
      fetch: (url: string, init: BunFetchRequestInit) => {
        seen.push({ url, init });
        return Promise.resolve(new Response("keys"));
      },
    };
    expect(await fetchPublicText("https://issuer.example/keys?a=1", options)).toBe("keys");
    expect(seen[0]?.url).toBe("https://93.184.215.14/keys?a=1");
    expect(seen[0]?.init).toMatchObject({ redirect: "error", headers: { host: "issuer.example" } });
    expect(seen[0]?.init.tls).toMatchObject({ serverName: "issuer.example" });
  });

  test.each([
    ["http://issuer.example", "https"],
    ["https://user:pass@issuer.example", "credentials"],
    ["file:///etc/passwd", "https"],
  ])("%s is refused", async (url, word) => {
    await expect(fetchPublicText(url, { ...LIMITS, resolve: () => Promise.resolve(["8.8.8.8"]) })).rejects.toThrow(
      word,
    );
  });

  test("too large an answer, or another status, is refused", async () => {
    const resolve = (): Promise<string[]> => Promise.resolve(["8.8.8.8"]);
    const answer = (response: Response) => ({ ...LIMITS, resolve, fetch: () => Promise.resolve(response) });
    await expect(fetchPublicText("https://a.example", answer(new Response("x".repeat(101))))).rejects.toThrow(
      "100 bytes",
    );
    await expect(fetchPublicText("https://a.example", answer(new Response("", { status: 404 })))).rejects.toThrow(
      "404",
    );
  });
});
