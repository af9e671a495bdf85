import { describe, expect, test } from "bun:test";
import { ROUTES } from "../../src/http/route-table.ts";
import { CATALOG_TEXT, testBed } from "./support.ts";

describe("help", () => {
  test("Markdown for terminals, HTML for browsers, both from the live catalog", async () => {
    const bed = testBed();
    const text = await bed.send("GET", "/help", { headers: { accept: "*/*" } });
    expect(text.headers.get("content-type")).toStartWith("text/markdown");
    const markdown = await text.text();
    for (const word of [
      "# Tollgate API",
      "| gpt-5 | openai | 400,000 | 1.63 | 13.00 |",
      "| gpt-flex | gpt-5 | flex |",
      "/v1/messages",
    ]) {
      expect(markdown).toContain(word);
    }
    const page = await bed.send("GET", "/v1/help", { headers: { accept: "text/html,*/*" } });
    expect(page.headers.get("content-type")).toStartWith("text/html");
    expect(page.headers.get("content-security-policy")).not.toContain("unsafe-inline");
    expect(await page.text()).toContain("<td>claude-haiku-4-5</td>");
  });

  test("behind a proxy that ends TLS the lines to paste say https", async () => {
    const bed = testBed();
    const help = await bed.send("GET", "/help", { headers: { "x-forwarded-proto": "https" } });
    expect(await help.text()).toMatch(/curl https:\/\/[\w.:]+\/v1\/chat/);
  });

  test("says which routes ask for a key where callers without one are served", async () => {
    const bed = testBed({ catalog: CATALOG_TEXT.replace("auth: required", "auth: optional, anonymous: {}") });
    const help = await (await bed.send("GET", "/help")).text();
    const rows = help.split("\n").filter((line) => /^\| \/.*\| (?:optional|API key) \|$/.test(line));
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      const [, template = "", method = "GET"] = row.split("|").map((cell) => cell.trim());
      const path = template.replace("{model}", "gpt-5").replace(/\{[a-z_]+\}/g, "x1");
      const answer = await bed.send(method, path, { body: method === "GET" || method === "DELETE" ? undefined : {} });
      const asked = answer.status === 401 ? "API key" : "optional";
      expect(`${method} ${template} ${asked}`).toBe(`${method} ${template} ${row.split("|").at(-2)?.trim()}`);
    }
    expect(help).toContain("| quality | the best model | standard |");
    expect(help).toContain("Calls without a key are served, too, by the tier anonymous");
    expect((await bed.send("GET", "/v1/models", { headers: { authorization: "Bearer " } })).status).toBe(200);
    expect((await bed.send("GET", "/v1/models", { headers: { authorization: "Bearer x" } })).status).toBe(401);
  });
});

describe("documentation", () => {
  test("every route of the table is in the OpenAPI document, and no other", async () => {
    const bed = testBed();
    const answer = await bed.send("GET", "/openapi.json");
    const body = (await answer.json()) as {
      openapi: string;
      paths: Record<string, Record<string, { requestBody?: object; responses: object; summary: string }>>;
    };
    expect(body.openapi).toStartWith("3.1");
    const documented = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(ROUTES.map((doc) => `${doc.method} ${doc.path}`).sort());
    const schemaAt = (path: string, method: string): unknown =>
      JSON.parse(JSON.stringify(body.paths[path]?.[method]?.requestBody ?? null));
    expect(schemaAt("/v1/keys", "post")).toMatchObject({
      required: false,
      content: { "application/json": { schema: { properties: { monthly_cap: {}, models: {} } } } },
    });
    expect(schemaAt("/admin/accounts/{id}/credits", "post")).toMatchObject({
      required: true,
      content: { "application/json": { schema: { required: ["amount"] } } },
    });
    const withBody = Object.values(body.paths).flatMap((methods) => Object.values(methods));
    expect(JSON.stringify(withBody)).not.toContain('"content":{}');
    const named = Object.entries(body.paths).filter(([, methods]) =>
      JSON.stringify(methods).includes("Idempotency-Key"),
    );
    expect(named.map(([path]) => path)).toEqual(
      expect.arrayContaining(["/v1/messages", "/admin/accounts/{id}/credits"]),
    );
    expect(named.map(([path]) => path)).not.toContain("/v1/keys");
    expect(schemaAt("/v1/chat/completions", "post")).toMatchObject({ content: { "application/json": {} } });
    expect(JSON.stringify(body)).not.toContain("https://cdn");
  });

  test("every documented route is served", async () => {
    const bed = testBed();
    for (const doc of ROUTES) {
      const path = doc.path.replace("{model}", "gpt-5").replace(/\{[a-z_]+\}/g, "x1");
      const body = doc.method === "POST" || doc.method === "PUT" || doc.method === "PATCH" ? {} : undefined;
      const answer = await bed.send(doc.method, path, { body });
      const text = await answer.text();
      expect(`${doc.method} ${doc.path} ${answer.status} ${text.includes("No route")}`).not.toMatch(/ 405 | true$/);
    }
  });

  test("the UI and its files come from here", async () => {
    const bed = testBed();
    const page = await bed.send("GET", "/docs");
    const html = await page.text();
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g).filter(([, path]) => path !== "data:,")) {
      expect(path).toStartWith("/docs/");
      const asset = await bed.send("GET", path ?? "");
      expect([asset.status, (await asset.text()).length > 50]).toEqual([200, true]);
    }
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect((await bed.send("GET", "/docs/../../etc/passwd")).status).toBe(404);
    expect((await bed.send("GET", "/docs/nope.js")).status).toBe(404);
  });
});

describe("dashboard", () => {
  test("page and files, under a strict policy", async () => {
    const bed = testBed();
    for (const path of ["/", "/dashboard"]) {
      const page = await bed.send("GET", path);
      expect(page.status).toBe(200);
      expect(page.headers.get("content-security-policy")).toContain(
        "default-src 'none'; script-src 'self'; style-src 'self'",
      );
      expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    }
    expect(await (await bed.send("GET", "/dashboard/app.js")).text()).toBe("1;");
    expect((await bed.send("GET", "/dashboard/nope.js")).status).toBe(404);
  });
});

describe("probes", () => {
  test("health tells the ledger's state", async () => {
    const bed = testBed();
    expect(await (await bed.send("GET", "/health")).json()).toMatchObject({ status: "ok" });
    bed.ledger.up = false;
    const answer = await bed.send("GET", "/health");
    expect([answer.status, await answer.json()]).toMatchObject([503, { status: "unavailable" }]);
  });

  test("metrics count calls by endpoint and status, never by what a caller invents", async () => {
    const bed = testBed();
    const { key } = bed.addKey();
    await bed.send("POST", "/v1/models/secret-name:generateContent", { key, body: {} });
    await bed.send("POST", "/v1/chat/completions", { body: {} });
    const text = await (await bed.send("GET", "/metrics")).text();
    expect(text).toContain('tollgate_requests_total{endpoint="/v1/models/{model}:generateContent",status="200"} 1');
    expect(text).toContain('tollgate_requests_total{endpoint="/v1/chat/completions",status="401"} 1');
    expect(text).not.toContain("secret-name");
  });

  test("model health lists every model", async () => {
    const bed = testBed();
    const body = await (await bed.send("GET", "/model-health")).json();
    expect(body).toMatchObject({
      status: "ok",
      models: expect.arrayContaining([expect.objectContaining({ id: "gpt-5", state: "closed" })]),
    });
  });
});
