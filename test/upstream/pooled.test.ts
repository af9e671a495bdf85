import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { UpstreamError } from "../../src/upstream/error.ts";
import { PooledSender } from "../../src/upstream/pooled-sender.ts";
import type { OutboundRequest } from "../../src/upstream/types.ts";
import { faults, gate, json, startUpstream } from "../support/upstream.ts";

const request = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  method: "POST",
  url,
  headers: {},
  body: "{}",
  signal: new AbortController().signal,
  connectTimeoutMs: 600_000,
  ...more,
});

async function ask(sender: PooledSender, url: string): Promise<string> {
  const answer = await sender.send(request(url));
  let text = "";
  for (let chunk = await answer.read(); chunk !== null; chunk = await answer.read())
    text += new TextDecoder().decode(chunk);
  return text;
}

async function causeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error: unknown) => (error instanceof UpstreamError ? error.failure.cause : String(error)),
  );
}

describe("kept connections", () => {
  test("one that the far end resets as it is used is replaced, once, unseen", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    up.reply(json({ n: 1 }), faults.resetBeforeHeaders(), json({ n: 2 }));
    await ask(sender, up.url);
    expect(await ask(sender, up.url)).toBe('{"n":2}');
    expect(up.requests.map((item) => item.connection)).toEqual([1, 1, 2]);
    sender.close();
  });

  test("a new connection's reset is not repeated, nor one after the first byte of an answer", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    up.reply(faults.resetBeforeHeaders());
    expect(await causeOf(ask(sender, up.url))).toBe("reset");
    expect(up.requests.length).toBe(1);
    up.reply(json({ n: 1 }), faults.resetMidHeader());
    await ask(sender, up.url);
    expect(await causeOf(ask(sender, up.url))).toBe("reset");
    expect(up.requests.length).toBe(3);
  });

  test("one that breaks later, when the server may have begun the work, is not asked again", async () => {
    await using up = await startUpstream();
    let now = 0;
    const sender = new PooledSender({ clock: { monotonic: () => now } });
    up.reply(json({ n: 1 }), { raw: [gate("working"), { break: "reset" }] }).always(json({ n: 2 }));
    await ask(sender, up.url);
    const second = causeOf(ask(sender, up.url));
    await up.gate("working").reached;
    now = 1_000;
    up.gate("working").open();
    expect(await second).toBe("reset");
    expect(up.requests.length).toBe(2);
    sender.close();
  });

  test("interim answers are skipped, but not without end; another protocol is no answer", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    const hint = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n";
    up.reply({ ...json({ n: 1 }), before: [hint.repeat(100)] });
    expect(await ask(sender, up.url)).toBe('{"n":1}');
    up.reply({ ...json({ n: 2 }), before: [hint.repeat(100_000)] });
    expect(await causeOf(ask(sender, up.url))).toBe("bad_answer");
    up.reply({ raw: ["HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n{}"] });
    expect(await causeOf(ask(sender, up.url))).toBe("bad_answer");
    sender.close();
  });

  test.each(["end", "reset"] as const)(
    "an answer before the request was taken counts, whatever follows (%s)",
    async (then) => {
      const body = '{"error":{"message":"too large"}}';
      const head = `HTTP/1.1 413 Content Too Large\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
      const server = createServer((socket) => {
        socket.on("error", () => socket.destroy());
        // Reads the beginning, and no more of it.
        socket.once("data", () => {
          socket.pause();
          socket.write(head + body, () => (then === "end" ? socket.end() : socket.resetAndDestroy()));
        });
      });
      await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const sender = new PooledSender();
      const url = `http://127.0.0.1:${port}/`;
      const answer = await sender.send(request(url, { body: new Uint8Array(20_000_000) }));
      expect(answer.status).toBe(413);
      expect(new TextDecoder().decode((await answer.read()) ?? undefined)).toBe(body);
      sender.close();
      server.close();
    },
  );

  test("the second attempt may fail, too, and is the last", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    up.reply(json({ n: 1 })).always(faults.resetBeforeHeaders());
    await ask(sender, up.url);
    expect(await causeOf(ask(sender, up.url))).toBe("reset");
    expect(up.requests.length).toBe(3);
  });

  test("bytes after an answer end its connection: they are nobody's answer", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    const two = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen";
    up.reply({ raw: [two, { break: "hang" }] }, json({ mine: true }));
    expect(await ask(sender, up.url)).toBe("{}");
    expect(await ask(sender, up.url)).toBe('{"mine":true}');
    expect(up.requests.map((item) => item.connection)).toEqual([1, 2]);
    sender.close();
  });

  test("bytes on an unused connection end it", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    up.reply({
      raw: [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        { gate: "later" },
        "HTTP/1.1 200 OK\r\n",
        { break: "hang" },
      ],
    });
    await ask(sender, up.url);
    const { closed } = up.last;
    up.gate("later").open();
    await closed;
    up.reply(json({ ok: true }));
    expect(await ask(sender, up.url)).toBe('{"ok":true}');
    sender.close();
  });

  test("`Connection: close` and HTTP/1.0 are not kept; close() lets go of the rest", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    up.reply(
      { ...json({ a: 1 }), close: true },
      { raw: ["HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}"] },
      json({ b: 1 }),
    );
    for (let count = 0; count < 3; count += 1) await ask(sender, up.url);
    expect(up.connections.accepted).toBe(3);
    sender.close();
    await up.drained();
  });

  test("many calls at once each get their own answer", async () => {
    await using up = await startUpstream();
    const sender = new PooledSender();
    up.always((call) => json({ echo: call.text() }));
    const send = async (index: number): Promise<string> => {
      const answer = await sender.send(request(up.url, { body: `call ${index}` }));
      return new TextDecoder().decode((await answer.read()) ?? undefined);
    };
    for (let round = 0; round < 3; round += 1) {
      const texts = await Promise.all(Array.from({ length: 50 }, (_, index) => send(index)));
      expect(texts).toEqual(Array.from({ length: 50 }, (_, index) => `{"echo":"call ${index}"}`));
    }
    expect(up.connections.accepted).toBeLessThanOrEqual(50);
    sender.close();
  });
});

/** TLS needs certificates, made by openssl for this run. */
const openssl = Bun.which("openssl");
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
describe.skipIf(openssl === null)("TLS", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-tls-"));
  const path = (name: string): string => join(folder, name);
  const run = (...args: string[]): void => {
    const result = Bun.spawnSync([openssl ?? "", ...args], { stderr: "ignore" });
    if (result.exitCode !== 0) throw new Error(`openssl ${args[0]} failed`);
  };
  const certify = (name: string, subject: string, days = 2): { key: string; cert: string } => {
    writeFileSync(path(`${name}.ext`), `subjectAltName=${subject}`);
    run("req", ...KEY, "-nodes", "-keyout", path(`${name}.key`), "-out", path(`${name}.csr`), "-subj", "/CN=test");
    const authority = ["-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial"];
    const out = ["-out", path(`${name}.pem`), "-days", String(days), "-extfile", path(`${name}.ext`)];
    run("x509", "-req", "-in", path(`${name}.csr`), ...authority, ...out);
    return { key: readFileSync(path(`${name}.key`), "utf8"), cert: readFileSync(path(`${name}.pem`), "utf8") };
  };
  let ca = "";
  beforeAll(() => {
    run(
      "req",
      "-x509",
      ...KEY,
      "-nodes",
      "-keyout",
      path("ca.key"),
      "-out",
      path("ca.pem"),
      "-days",
      "2",
      "-subj",
      "/CN=CA",
    );
    ca = readFileSync(path("ca.pem"), "utf8");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("a certificate of a known authority for this name is trusted, and the connection kept", async () => {
    await using up = await startUpstream({ tls: certify("good", "IP:127.0.0.1") });
    const sender = new PooledSender({ tls: { ca } });
    up.always(json({ ok: true }));
    expect([await ask(sender, up.url), await ask(sender, up.url)]).toEqual(['{"ok":true}', '{"ok":true}']);
    expect(up.connections.accepted).toBe(1);
    sender.close();
  });

  test("an unknown authority and another's name are not, and nothing is sent", async () => {
    await using up = await startUpstream({ tls: certify("unknown", "IP:127.0.0.1") });
    expect(await causeOf(ask(new PooledSender(), up.url))).toBe("tls");
    await using other = await startUpstream({ tls: certify("other", "DNS:other.test") });
    expect(await causeOf(ask(new PooledSender({ tls: { ca } }), other.url))).toBe("tls");
    expect([up.requests.length, other.requests.length]).toEqual([0, 0]);
  });

  test("an expired certificate and one that nobody signed are told apart in the code, for the log", async () => {
    const codeOf = async (certificate: { key: string; cert: string }): Promise<string | null> => {
      await using up = await startUpstream({ tls: certificate });
      const failed = ask(new PooledSender({ tls: { ca } }), up.url);
      const error = await failed.catch((thrown: unknown) => thrown);
      expect(up.requests.length).toBe(0);
      return error instanceof UpstreamError ? error.failure.code : null;
    };
    expect(await codeOf(certify("expired", "IP:127.0.0.1", -1))).toBe("CERT_HAS_EXPIRED");
    const stranger = mkdtempSync(join(folder, "stranger-"));
    const own = ["-x509", ...KEY, "-nodes", "-keyout", join(stranger, "key"), "-out", join(stranger, "pem")];
    run("req", ...own, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1");
    const pem = (name: string): string => readFileSync(join(stranger, name), "utf8");
    expect(await codeOf({ key: pem("key"), cert: pem("pem") })).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  test("a server that does not speak TLS", async () => {
    const plain = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
    });
    expect(await causeOf(ask(new PooledSender(), `https://127.0.0.1:${plain.port}`))).toBe("tls");
    plain.stop(true);
  });
});

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
test.skipIf(!HAS_IPV6)("IPv6 addresses", async () => {
  const heads: string[] = [];
  const server = Bun.listen({
    hostname: "::1",
    port: 0,
    socket: {
      data: (socket, chunk) => {
        heads.push(chunk.toString());
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      },
    },
  });
  const sender = new PooledSender();
  expect(await ask(sender, `http://[::1]:${server.port}/v1`)).toBe("{}");
  expect(heads[0]).toContain(`host: [::1]:${server.port}\r\n`);
  sender.close();
  server.stop(true);
});

test("a connection that takes too long is a time-out", async () => {
  // A listener that takes the TCP connection and never says a word of TLS.
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const sender = new PooledSender();
  expect(await causeOf(sender.send(request(`https://127.0.0.1:${silent.port}/`, { connectTimeoutMs: 5 })))).toBe(
    "timeout",
  );
  silent.stop(true);
});

test("a process without file descriptors blames itself, not the provider", async () => {
  await using up = await startUpstream();
  const program = `
    import { openSync } from "node:fs";
    import { PooledSender } from ${JSON.stringify(join(import.meta.dir, "../../src/upstream/pooled-sender.ts"))};
    const sender = new PooledSender();
    const signal = new AbortController().signal;
    const files = [];
    try { for (;;) files.push(openSync("/dev/null", "r")); } catch (full) { files.reverse(); }
    const error = await sender.send({ method: "POST", url: ${JSON.stringify(up.url)}, headers: {}, body: "{}", signal, connectTimeoutMs: 600_000 }).catch((e) => e);
    (await import("node:fs")).closeSync(files[0]);
    process.stdout.write(JSON.stringify(error.failure));
  `;
  const command = 'ulimit -n 128; exec "$0" -e "$1"';
  const run = Bun.spawn(["sh", "-c", command, process.execPath, program], { stdout: "pipe", stderr: "pipe" });
  expect(JSON.parse(await new Response(run.stdout).text())).toMatchObject({ cause: "local", code: "EMFILE" });
  expect(up.requests.length).toBe(0);
});
