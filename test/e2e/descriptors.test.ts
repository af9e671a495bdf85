/** A process without a free file descriptor: those who are served are served on, and new ones when there is room. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { catalogOf, clientOf, kindOf } from "../gateway/support.ts";
import { startGateway } from "../support/gateway.ts";
import { HANGING_MS } from "../support/limits.ts";
import { startUpstream } from "../support/upstream.ts";
import { serve } from "./server.ts";

setDefaultTimeout(HANGING_MS);

const client = clientOf("openai-chat");
const kind = kindOf(client.id);
const LIMIT = 96;

/** A connection that is kept, and asks for as long as it lives. */
class Caller {
  readonly #socket: Socket;
  #text = "";
  #waiting: (() => void) | null = null;

  constructor(url: string) {
    this.#socket = connect(Number(new URL(url).port), "127.0.0.1");
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#waiting?.();
    });
  }

  /** The status line of the answer. */
  async ask(bytes: string): Promise<string> {
    this.#text = "";
    this.#socket.write(bytes);
    while (!/\r\n\r\n.*\}/s.test(this.#text)) {
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
    return this.#text.slice(0, this.#text.indexOf("\r\n"));
  }

  close(): void {
    this.#socket.destroy();
  }
}

describe.skipIf(process.platform === "win32")("without a free file descriptor", () => {
  test("a client that is connected is served, also with calls that are paid; the others when some have gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tollgate-descriptors-"));
    await using up = await startUpstream();
    up.always(kind.reply());
    const catalog = catalogOf({ providers: { one: { kind: kind.kind, url: up.url } } });
    writeFileSync(join(folder, "catalog.yaml"), catalog, { mode: 0o600 });
    let key = "";
    {
      await using gateway = await startGateway({ catalog, dataDir: folder });
      ({ key } = await gateway.createKey({ credit: "5.00" }));
    }
    const server = await serve(folder, {}, ["sh", "-c", `ulimit -n ${LIMIT}; exec "$@"`, "sh"]);
    const body = JSON.stringify(client.body({ maxTokens: 10 }));
    const call =
      `POST ${client.path({})} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    const first = new Caller(server.url);
    expect(await first.ask(call)).toBe("HTTP/1.1 200 OK");
    const crowd = Array.from({ length: 2 * LIMIT }, () => new Caller(server.url));
    let served = 0;
    const some = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const answers = crowd.map(async (caller) => {
      const line = await caller.ask(health);
      served += 1;
      some.resolve();
      await leave.promise;
      caller.close();
      return line;
    });
    await some.promise;
    // The connection to the provider is kept from the call before: none has to be opened.
    expect(await first.ask(call)).toBe("HTTP/1.1 200 OK");
    expect(served).toBeLessThan(LIMIT);
    leave.resolve();
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["HTTP/1.1 200 OK"]));
    first.close();
    server.child.kill("SIGTERM");
    expect(await server.child.exited).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });
});
