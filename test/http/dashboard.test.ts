import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Browser, launch, type Page } from "puppeteer-core";
import { dashboardFiles } from "../../src/dashboard/assets.ts";
import { testBed } from "./support.ts";
import { HANGING_MS } from "../support/limits.ts";

setDefaultTimeout(HANGING_MS);

const CHROMIUM = "/usr/bin/chromium";

describe("dashboard files", () => {
  test("the page loads nothing but its own files", async () => {
    const files = await dashboardFiles();
    const page = files.find((file) => file.path === "")?.body ?? "";
    const linked = [...page.matchAll(/(?:src|href)="(\/dashboard\/[^"]+)"/g)].map((match) => match[1]);
    expect(linked.sort()).toEqual(
      files.flatMap((file) => (file.path === "" ? [] : [`/dashboard/${file.path}`])).sort(),
    );
    expect(page).not.toMatch(/<script>|<style>|https?:/);
  });
});

describe.skipIf(!existsSync(CHROMIUM))("dashboard in a browser", () => {
  const bed = testBed({
    deps: {
      dashboard: dashboardFiles,
      audit: {
        page: async () => ({ records: [], nextCursor: null }),
        usage: async (_filter, groups) =>
          groups[0] === "day"
            ? [{ day: "2026-11-21", calls: 3, tokens_input: 10, tokens_output: 5, charged: "0.01" }]
            : [{ model: null, calls: 1, tokens_input: 0, tokens_output: 0, charged: "0.00" }],
      },
    },
  });
  const { key } = bed.addKey({ name: "<img src=x onerror=alert(1)>" });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: (request) => bed.app.fetch(request),
  });
  let browser: Browser | null = null;
  afterAll(async () => {
    await browser?.close();
    await server.stop(true);
  });

  async function open(): Promise<{ page: Page; problems: string[] }> {
    // No limits of the browser's: the test's own is the only one.
    const args = ["--no-sandbox", "--disable-gpu"];
    browser ??= await launch({ executablePath: CHROMIUM, args, timeout: 0, protocolTimeout: 0 });
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // The browser itself logs the 401 that asks for a key.
      if (message.type() === "error" && !message.text().includes("401")) problems.push(message.text());
    });
    await page.goto(`${server.url.href}dashboard`);
    return { page, problems };
  }

  test("asks for a key, then shows credits, models, keys and usage, and makes a key", async () => {
    const { page, problems } = await open();
    await page.waitForSelector("input[name=key]");
    await page.type("input[name=key]", key);
    await page.click("form button");
    await page.waitForSelector(".card");
    const tab = async (name: string, sign: string): Promise<string> => {
      await page.evaluate((text) => {
        for (const button of document.querySelectorAll("nav button")) {
          if (button.textContent === text && button instanceof HTMLElement) button.click();
        }
      }, name);
      await page.waitForFunction((text) => document.querySelector("main")?.textContent?.includes(text), {}, sign);
      return page.$eval("main", (main) => main.innerHTML);
    };
    await tab("Models", "claude-haiku-4-5");
    const inMain = async (text: string): Promise<void> => {
      await page.evaluate((name) => {
        const found = [...document.querySelectorAll("main button")].find((button) => button.textContent === name);
        if (found instanceof HTMLElement) found.click();
      }, text);
    };
    await inMain("Show");
    await page.waitForFunction(() => document.querySelector("main td div")?.textContent?.includes("none"));
    await inMain("Change");
    await page.type("input[name=cap]", "0.25");
    await inMain("Set");
    await page.waitForFunction(() => document.querySelector("main td div")?.textContent?.includes("0.25"));
    expect(await (await bed.send("GET", "/v1/models/gpt-5/cap", { key })).json()).toMatchObject({ cap: "0.25" });
    expect(await tab("Keys", "onerror")).toContain("&lt;img src=x");
    await page.type("input[name=name]", "from the page");
    await page.click("form button");
    await page.waitForFunction(() => document.querySelector("[role=status] code") !== null);
    expect(bed.keys.listKeys("acc_1").map((row) => row.name)).toContain("from the page");
    expect(await tab("Usage", "2026-11-21")).toContain("none (refused)");
    expect(await page.title()).toBe("Tollgate");
    expect(problems).toEqual([]);
  });

  test("the documentation runs under its policy", async () => {
    const { page, problems } = await open();
    await page.goto(`${server.url.href}docs`);
    await page.waitForFunction(() => document.querySelector("#ui")?.textContent?.includes("/v1/chat/completions"));
    expect(problems).toEqual([]);
  });
});
