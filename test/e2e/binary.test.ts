/** The compiled file: one process, an empty folder, nothing but what it brings along. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Folder, run, type RunningBinary, startBinary } from "../support/binary.ts";

const keyOf = (server: RunningBinary): string => /API key +(\S+)/.exec(server.stderr)?.[1] ?? "";

const ask = (stream: boolean): string =>
  JSON.stringify({ model: "echo", stream, messages: [{ role: "user", content: "Hello from the binary" }] });

function post(server: RunningBinary, key: string, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(`${server.url}/v1/chat/completions`, { method: "POST", headers, body });
}

describe("a first start in an empty folder", () => {
  test("prints a key and a curl line that works; stdout has one line; SIGTERM ends with 0", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path);
    await server.said(/Dashboard:/);
    const curl = /^ {2}curl (\S+) -H "([^"]+)" -H "([^"]+)" -d '([^']+)'$/m.exec(server.stderr);
    const headers = Object.fromEntries([curl?.[2], curl?.[3]].map((text) => (text ?? "").split(": ")));
    const answer = await fetch(curl?.[1] ?? "", { method: "POST", headers, body: curl?.[4] ?? "" });
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { choices: { message: { content: string } }[] };
    expect(body.choices[0]?.message.content).toBe("Hello!");
    const stopped = await server.stop();
    expect(stopped).toEqual({ code: 0, stdout: `listening on ${server.url}\n` });
    expect(readdirSync(folder.path)).toEqual(["data"]);
    for (const file of ["tollgate.db", "secret", "admin-token"]) {
      expect(statSync(join(folder.path, "data", file)).mode & 0o777).toBe(0o600);
    }
  });

  test("says what to do where the catalog has no model that the first key reaches", async () => {
    using folder = new Folder();
    const catalog = `providers: {own: {kind: openai-compatible, base_url: "http://127.0.0.1:9/v1"}}\nmodels: [{id: a, provider: own, price: free}]\n`;
    writeFileSync(join(folder.path, "own.yaml"), catalog);
    await using server = await startBinary(folder.path, ["--catalog", "own.yaml"]);
    expect((await server.stop()).code).toBe(0);
    expect(server.stderr).toContain("which this catalog does not have");
    expect(server.stderr).toContain("tollgate keys create");
    expect(server.stderr).not.toContain("curl ");
  });

  test("streams, with the cost on the last chunk, and pages, docs and profiles come out of the file", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path, ["--profile", "open"]);
    await server.said(/Dashboard:/);
    const answer = await post(server, keyOf(server), ask(true));
    expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
    const text = await answer.text();
    expect(text).toContain('"cost_cents":');
    expect(text).toEndWith("data: [DONE]\n\n");
    for (const path of ["/health", "/ready", "/docs", "/openapi.json", "/dashboard", "/help", "/metrics"]) {
      const page = await fetch(server.url + path);
      expect([path, page.status]).toEqual([path, 200]);
      expect((await page.text()).length).toBeGreaterThan(10);
    }
    const docs = await (await fetch(`${server.url}/docs`)).text();
    const assets = [...docs.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(assets.length).toBeGreaterThan(0);
    for (const asset of assets) {
      const url = new URL(asset, `${server.url}/docs`);
      expect(url.origin).toBe(server.url);
      expect([asset, (await fetch(url)).status]).toEqual([asset, 200]);
    }
  });

  test("takes 32 KiB of headers, as many as a token in a cookie may need, and refuses more", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path);
    const status = async (bytes: number): Promise<number> => {
      const response = await fetch(`${server.url}/health`, { headers: { "x-a": "a".repeat(bytes) } });
      return response.status;
    };
    expect([await status(31_000), await status(33_000)]).toEqual([200, 431]);
  });

  test("nothing of the working folder is loaded: no .env, no bunfig.toml", async () => {
    using folder = new Folder();
    writeFileSync(join(folder.path, ".env"), "TOLLGATE_PORT=99999\nTOLLGATE_LOG_LEVEL=nonsense\n");
    writeFileSync(join(folder.path, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
    writeFileSync(join(folder.path, "trap.ts"), 'require("node:fs").writeFileSync("trapped", "");\n');
    const version = await run(folder.path, ["version"]);
    expect(version.code).toBe(0);
    await using server = await startBinary(folder.path);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(existsSync(join(folder.path, "trapped"))).toBe(false);
  });

  test("where a proxy is named, the outbound limit of 256 is raised, by one restart under the same process id", async () => {
    for (const proxy of ["", "http://127.0.0.1:9"]) {
      using folder = new Folder();
      await using server = await startBinary(folder.path, [], { HTTPS_PROXY: proxy });
      const environment = await Bun.file(`/proc/${server.child.pid}/environ`).text();
      const isRaised = environment.split("\0").includes("BUN_CONFIG_MAX_HTTP_REQUESTS=65535");
      expect([proxy, isRaised]).toEqual([proxy, proxy !== ""]);
    }
  });
});

describe("commands", () => {
  async function walk(folder: string): Promise<void> {
    const json = async (...args: string[]): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await run(folder, [...args, "--json"]);
      expect([args.join(" "), code, stderr.replace(/^\{.*\n/gm, "")]).toEqual([args.join(" "), 0, ""]);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const account = String((await json("accounts", "create", "--name", "Ada"))["id"]);
    const credit = ["credits", "add", "--account", account, "--amount", "50.00", "--idempotency-key", "top-up-1"];
    expect(await json(...credit)).toMatchObject({ balance_cents: 5000 });
    expect(await json(...credit)).toMatchObject({ balance_cents: 5000 });
    expect(await json("credits", "show", "--account", account)).toMatchObject({ balance_cents: 5000 });
    const key = await json("keys", "create", "--account", account, "--models", "echo,gpt-*", "--monthly-cap", "5.00");
    expect(String(key["key"])).toStartWith("tg-");
    const list = JSON.stringify(await json("keys", "list", "--account", account));
    expect(list).toContain(String(key["id"]));
    expect(list).not.toContain(String(key["key"]));
    await json("keys", "revoke", String(key["id"]));
    expect(JSON.stringify(await json("accounts", "list"))).toContain("Ada");
    expect(await json("verify")).toMatchObject({ ok: true, findings: [] });
    expect(await json("audit", "verify")).toMatchObject({ ok: true });
    const unknown = await run(folder, ["credits", "show", "--account", "acc_none"]);
    expect(unknown).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("404") });
  }

  test("work without a server", async () => {
    using folder = new Folder();
    await walk(folder.path);
  });

  test("go by the server's catalog without one, too; a mistaken data folder is told and not made", async () => {
    using folder = new Folder();
    const wallet = ["--profile", "wallet", "--json"];
    const { id } = JSON.parse((await run(folder.path, ["accounts", "create", "--name", "A", ...wallet])).stdout) as {
      id: string;
    };
    const made = await run(folder.path, ["keys", "create", "--account", id, ...wallet]);
    expect(made.stdout).toMatch(/"key":"sk-/);
    const credit = await run(folder.path, ["credits", "add", "--account", id, "--amount", "1.00", ...wallet]);
    expect(JSON.parse(credit.stdout)).toMatchObject({ currency: "myr", balance_cents: 100 });
    for (const words of [
      ["accounts", "list"],
      ["keys", "create", "--account", id],
    ]) {
      const mistaken = await run(folder.path, [...words, "--data-dir", "elsewhere"]);
      expect([mistaken.code, mistaken.stderr]).toEqual([1, expect.stringContaining("no database in")]);
    }
    expect(existsSync(join(folder.path, "elsewhere"))).toBe(false);
  });

  test("work through the control socket of a running server", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path);
    await walk(folder.path);
    expect((await server.stop()).code).toBe(0);
    expect((await run(folder.path, ["verify"])).code).toBe(0);
  });

  test("a revoked key stops at once, an allowlist holds", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path);
    const { stdout } = await run(folder.path, ["accounts", "create", "--name", "A", "--json"]);
    const { id } = JSON.parse(stdout) as { id: string };
    const made = await run(folder.path, ["keys", "create", "--account", id, "--models", "echo", "--json"]);
    const key = JSON.parse(made.stdout) as { id: string; key: string };
    expect((await post(server, key.key, ask(false))).status).toBe(200);
    const other = ask(false).replace('"echo"', '"gpt-5.2"');
    expect((await post(server, key.key, other)).status).toBe(403);
    await run(folder.path, ["keys", "revoke", key.id]);
    expect((await post(server, key.key, ask(false))).status).toBe(401);
  });
});

describe("what an operator gets wrong is told on stderr, with exit code 1", () => {
  const cases: { name: string; args: string[]; message: RegExp; env?: Record<string, string> }[] = [
    { name: "an unknown command", args: ["frobnicate"], message: /unknown command frobnicate; one of: serve, / },
    { name: "a mistyped command", args: ["keys", "crate"], message: /did you mean create\?/ },
    { name: "a command without its subcommand", args: ["keys"], message: /needs a subcommand: create, list, revoke/ },
    {
      name: "a mistyped flag",
      args: ["--prot", "9000"],
      message: /unknown option --prot of serve; did you mean --port\?/,
    },
    { name: "a flag without its value", args: ["serve", "--data-dir"], message: /--data-dir needs a value/ },
    { name: "a flag that is missing", args: ["accounts", "create"], message: /--name/ },
    { name: "a word too many", args: ["verify", "now"], message: /takes no argument "now"/ },
    { name: "a port out of range", args: ["--port", "99999"], message: /port must be 0 to 65535, not 99999/ },
    {
      name: "a port that is no number",
      args: [],
      message: /port must be 0 to 65535, not http/,
      env: { TOLLGATE_PORT: "http" },
    },
    {
      name: "a log level",
      args: [],
      message: /TOLLGATE_LOG_LEVEL must be one of debug, info/,
      env: { TOLLGATE_LOG_LEVEL: "loud" },
    },
    { name: "an unknown profile", args: ["--profile", "nope"], message: /unknown profile nope; one of: wallet, / },
    { name: "catalog and profile", args: ["--profile", "open", "--catalog", "x"], message: /exclude each other/ },
    { name: "a catalog that isn't there", args: ["--catalog", "missing.yaml"], message: /missing\.yaml/ },
    {
      name: "an amount",
      args: ["credits", "add", "--account", "a", "--amount", "1e9"],
      message: /--amount must be a positive decimal/,
    },
    {
      name: "two amounts",
      args: ["credits", "add", "--account", "a", "--amount", "5", "--amount", "7"],
      message: /--amount is given twice/,
    },
    { name: "a folder without data", args: ["verify"], message: /no database in / },
    { name: "an audit head", args: ["verify", "--head", "7"], message: /--head must be <seq>:<hash>/ },
  ];
  test.each(cases)("$name", async ({ args, message, env }) => {
    using folder = new Folder();
    const { code, stdout, stderr } = await run(folder.path, args, env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("a broken catalog: every mistake with its place", async () => {
    using folder = new Folder();
    const file = join(folder.path, "catalog.yaml");
    writeFileSync(file, "providers:\n  echo: {kind: ekko}\nmodels:\n  - {id: echo, provider: echo, prise: free}\n");
    for (const command of [
      ["catalog", "check"],
      ["serve", "--port", "0"],
    ]) {
      const { code, stdout, stderr } = await run(folder.path, [...command, "--catalog", file]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/catalog\.yaml:2:\d+.*ekko/);
      expect(stderr).toMatch(/catalog\.yaml:4:\d+.*prise/);
    }
  });

  test("a port in use; the first key is not made for nobody to see", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path, ["--data-dir", "one"]);
    const port = new URL(server.url).port;
    const second = await run(folder.path, ["--port", port, "--data-dir", "two"]);
    expect(second).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/the port is in use/) });
    await using third = await startBinary(folder.path, ["--data-dir", "two"]);
    await third.said(/API key +tg-/);
  });

  test("a data folder that another process has", async () => {
    using folder = new Folder();
    await using server = await startBinary(folder.path);
    const second = await run(folder.path, ["--port", "0"]);
    expect(second).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/in use by another process/) });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test("a data folder that can't be written", async () => {
    using folder = new Folder();
    const data = join(folder.path, "data");
    mkdirSync(data, { mode: 0o500 });
    // Root may write anywhere but here.
    const unwritable = process.getuid?.() === 0 ? "/proc/self" : data;
    const { code, stdout, stderr } = await run(folder.path, ["--port", "0", "--data-dir", unwritable]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`the data folder ${unwritable} can't be written`);
  });

  test("a database that is none, or is damaged, is told with its file and what to do", async () => {
    using folder = new Folder();
    const first = await startBinary(folder.path);
    await first.said(/Dashboard:/);
    await first.stop();
    const file = join(folder.path, "data", "tollgate.db");
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged.fill(0x5a, 4096, 4 * 4096);
    for (const bytes of [Buffer.alloc(8192, "no database "), damaged, whole.subarray(0, 5 * 4096)]) {
      writeFileSync(file, bytes);
      const { code, stdout, stderr } = await run(folder.path, ["--port", "0"]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/the database \S*tollgate\.db is damaged.*restore a backup/);
    }
    // Empty, and what is left when a process was killed and its log removed.
    for (const bytes of [new Uint8Array(0), null]) {
      if (bytes === null) rmSync(`${file}-wal`);
      else writeFileSync(file, bytes);
      await using empty = await startBinary(folder.path);
      await empty.said(/has a secret but no database/);
    }
  });

  test("a data folder that is a file", async () => {
    using folder = new Folder();
    writeFileSync(join(folder.path, "data"), "");
    const { code, stdout, stderr } = await run(folder.path, ["--port", "0"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/the data folder .* can't be made/);
  });
});

describe("signals", () => {
  const catalog = (name: string): string => `
brand: {name: ${name}}
providers: {echo: {kind: echo}}
models: [{id: echo, provider: echo, price: free}, {id: ${name}, provider: echo, upstream: echo, price: free}]
`;

  test("SIGHUP swaps the catalog; a broken one is refused and the running one stays", async () => {
    using folder = new Folder();
    const file = join(folder.path, "catalog.yaml");
    writeFileSync(file, catalog("first"));
    await using server = await startBinary(folder.path, ["--catalog", file], { TOLLGATE_ADMIN_TOKEN: "operator" });
    const models = async (): Promise<string> => {
      const made = await fetch(`${server.url}/admin/prices`, { headers: { authorization: "Bearer operator" } });
      return await made.text();
    };
    expect(await models()).toContain("first");
    writeFileSync(file, catalog("second"));
    server.child.kill("SIGHUP");
    await server.said(/catalog reloaded/);
    expect(await models()).toContain("second");
    writeFileSync(file, "models: [");
    server.child.kill("SIGHUP");
    await server.said(/new catalog is refused/);
    expect(await models()).toContain("second");
    expect((await server.stop("SIGINT")).code).toBe(0);
  });

  test("after kill -9 the next start takes the folder over", async () => {
    using folder = new Folder();
    const first = await startBinary(folder.path);
    await first.said(/Dashboard:/);
    const key = keyOf(first);
    expect((await post(first, key, ask(false))).status).toBe(200);
    await first[Symbol.asyncDispose]();
    await using second = await startBinary(folder.path);
    expect((await post(second, key, ask(false))).status).toBe(200);
    expect((await run(folder.path, ["accounts", "list"])).code).toBe(0);
    expect((await second.stop()).code).toBe(0);
    expect((await run(folder.path, ["verify"])).stdout).toContain("ok");
  });
});
