/**
 * A whole gateway for a test: a real server on a free port, a real SQLite file in a folder of its own, a catalog given as YAML.
 *
 *     await using up = await startUpstream();
 *     await using gateway = await startGateway({ catalog: catalogFor(up.url) });
 *     const key = await gateway.createKey({ credit: "5.00" });
 *     const answer = await gateway.post("/v1/chat/completions", { model: "m", messages: […] }, key.key);
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openApp, type App } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { createLogger } from "../../src/lib/log.ts";
import { verifyDataFolder } from "../../src/store/verify.ts";

/** A catalog's `routing` in which no time limit runs out by itself, however slow the machine is: a test shortens the one that it is about. */
export const PATIENT = {
  first_token_timeout_ms: 600_000,
  idle_timeout_ms: 600_000,
  deadline_ms: 1_200_000,
  total_timeout_ms: 1_200_000,
  commit_after_ms: 600_000,
  keep_alive_ms: 200_000,
};

export interface GatewayOptions {
  /** YAML text. */
  catalog?: string;
  profile?: string;
  env?: Record<string, string>;
  /** Reuse a folder, for tests of restarts. It is not removed at the end. */
  dataDir?: string;
}

export interface TestKey {
  id: string;
  key: string;
  accountId: string;
}

export interface KeyOptions {
  /** Top-up of the new account, such as `5.00`. */
  credit?: string;
  accountId?: string;
  account?: Record<string, unknown>;
  key?: Record<string, unknown>;
}

export class TestGateway {
  readonly app: App;
  readonly url: string;
  readonly dataDir: string;
  /** Log lines, in order. */
  readonly logs: string[];
  readonly #server: Bun.Server<undefined>;
  readonly #keep: boolean;

  constructor(parts: { app: App; server: Bun.Server<undefined>; dataDir: string; logs: string[]; keep: boolean }) {
    this.app = parts.app;
    this.#server = parts.server;
    this.url = `http://127.0.0.1:${parts.server.port}`;
    this.dataDir = parts.dataDir;
    this.logs = parts.logs;
    this.#keep = parts.keep;
  }

  /** A request of the admin API; throws on anything but 2xx. */
  async admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const init: RequestInit = { method, headers: { "content-type": "application/json" } };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await this.app.adminFetch(new Request(`http://localhost${path}`, init));
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** An account with a key, and credit if asked for. */
  async createKey(options: KeyOptions = {}): Promise<TestKey> {
    const accountId =
      options.accountId ??
      String((await this.admin("POST", "/admin/accounts", { name: "test", ...options.account }))["id"]);
    if (options.credit !== undefined) {
      await this.admin("POST", `/admin/accounts/${accountId}/credits`, { amount: options.credit });
    }
    const made = await this.admin("POST", `/admin/accounts/${accountId}/keys`, { name: "test", ...options.key });
    return { id: String(made["id"]), key: String(made["key"]), accountId };
  }

  balance(accountId: string): Promise<Record<string, unknown>> {
    return this.admin("GET", `/admin/accounts/${accountId}/credits`);
  }

  post(path: string, body: unknown, key?: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return fetch(this.url + path, { ...init, method: "POST", headers, body: text });
  }

  get(path: string, key?: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, {
      headers: key === undefined ? headers : { ...headers, authorization: `Bearer ${key}` },
    });
  }

  /** What is wrong with the books, [] = nothing. */
  verify(): string[] {
    return verifyDataFolder(this.dataDir).findings;
  }

  async stop(): Promise<void> {
    await this.app.drain(0);
    await this.#server.stop(true);
    await this.app.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (!this.#keep) rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "tollgate-test-"));
  const flags: { dataDir: string; port: string; catalog?: string; profile?: string } = { dataDir, port: "0" };
  if (options.profile !== undefined) flags.profile = options.profile;
  if (options.catalog !== undefined) {
    flags.catalog = join(dataDir, "catalog.yaml");
    writeFileSync(flags.catalog, options.catalog, { mode: 0o600 });
  }
  const logs: string[] = [];
  const app = await openApp(
    readConfig(flags, options.env ?? {}),
    options.env ?? {},
    createLogger((line) => logs.push(line), "debug"),
  );
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: 256 * 1024 * 1024,
    development: false,
    fetch: (request, self) => app.fetch(request, self),
  });
  return new TestGateway({ app, server, dataDir, logs, keep: options.dataDir !== undefined });
}
