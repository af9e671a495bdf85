/** What a page of another site could make a visitor's browser do: nothing, since no route knows a visitor by anything that browsers send by themselves. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { ROUTES } from "../../src/http/route-table.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

let gateway: TestGateway;
let key = "";
beforeAll(async () => {
  gateway = await startGateway();
  ({ key } = await gateway.createKey({ credit: "5.00" }));
});
afterAll(() => gateway[Symbol.asyncDispose]());

const filled = (path: string): string => path.replaceAll(/\{[^}]+\}/g, "x");

test("no cookie and no basic authentication is a credential; none is set, and no other origin may read an answer", async () => {
  for (const doc of ROUTES) {
    const headers = {
      cookie: `session=${key}; key=${key}; authorization=${key}; __Host-session=${key}`,
      authorization: `Basic ${btoa(`${key}:${key}`)}`,
      origin: "https://elsewhere.example",
      referer: "https://elsewhere.example/form",
      "content-type": "application/json",
    };
    const body = doc.method === "GET" || doc.method === "DELETE" ? null : "{}";
    const response = await fetch(gateway.url + filled(doc.path), { method: doc.method, headers, body });
    const name = `${doc.method} ${doc.path}`;
    await response.body?.cancel();
    if (doc.auth !== "none") expect([name, response.status]).toEqual([name, 401]);
    expect([name, response.headers.get("set-cookie")]).toEqual([name, null]);
    expect([name, response.headers.get("access-control-allow-origin")]).toEqual([name, null]);
    expect([name, response.headers.get("location")]).toEqual([name, null]);
    expect([name, response.headers.get("x-content-type-options")]).toEqual([name, "nosniff"]);
  }
});

test("what a form of another site can send is no JSON, and does nothing", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const headers = { "content-type": type, authorization: `Bearer ${key}` };
    const response = await fetch(`${gateway.url}/v1/keys`, { method: "POST", headers, body: '{"name":"of a form"}' });
    expect(response.status).toBe(415);
  }
  const listed = await (await gateway.get("/v1/keys", key)).text();
  expect(listed).not.toContain("of a form");
});
