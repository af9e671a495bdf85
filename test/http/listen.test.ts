/** The open port: which silence ends a connection, and which does not. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { requestError } from "../../src/gateway/request-error.ts";
import { atMostEvery, holdReloads, listen } from "../../src/serve.ts";
import { BodyError } from "../../src/wire/read-body.ts";
import { HANGING_MS } from "../support/limits.ts";

setDefaultTimeout(HANGING_MS);

const HOST = { host: "127.0.0.1", port: 0 };

/** A connection that has sent `bytes`, and what has come back when the far end has closed it. */
function open(server: Bun.Server<undefined>, bytes: string): { socket: Socket; closed: Promise<string> } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const socket = connect(server.port ?? 0, "127.0.0.1", () => socket.write(bytes));
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.on("close", () => resolve(text));
  socket.on("error", reject);
  return { socket, closed: promise };
}

test("a connection is closed when it has been silent for long, but not while its call is being answered", async () => {
  const thinking = Promise.withResolvers<void>();
  const answer = async (request: Request): Promise<Response> => {
    if (request.url.endsWith("/slow")) await thinking.promise;
    return new Response("done");
  };
  // Bun counts in steps of 4 s: with one step a connection could be ended before its request has been read.
  const server = listen({ fetch: answer }, HOST, 5);
  const slow = open(server, "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const quick = open(server, "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
  const mute = open(server, "");
  const half = open(server, "GET /quick HTTP/1.1\r\nHost: x\r\nX-A:");
  expect(await quick.closed).toEndWith("done");
  expect(await mute.closed).toBe("");
  expect(await half.closed).toBe("");
  expect(slow.socket.readyState).toBe("open");
  thinking.resolve();
  expect(await slow.closed).toEndWith("done");
  await server.stop(true);
});

test("a body that takes too long ends its connection: the rest of it is not waited for", async () => {
  const error = requestError(new BodyError("timeout", "too slow"));
  const server = listen(
    { fetch: async () => new Response(null, { status: 400, headers: error?.headers ?? {} }) },
    HOST,
  );
  const { closed } = open(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nthe first part");
  expect(await closed).toStartWith("HTTP/1.1 400");
  await server.stop(true);
});

test("several signals in a short time are one, and the last is not lost", async () => {
  let runs = 0;
  let ran = Promise.withResolvers<void>();
  const signal = atMostEvery(1, () => {
    runs += 1;
    ran.resolve();
  });
  for (const expected of [1, 2]) {
    ran = Promise.withResolvers();
    for (let count = 0; count < 1000; count += 1) signal();
    await ran.promise;
    expect(runs).toBe(expected);
  }
});

test("a SIGHUP during the start is kept for who listens later", async () => {
  const release = holdReloads();
  const noticed = Promise.withResolvers<void>();
  const witness = (): void => noticed.resolve();
  process.once("SIGHUP", witness);
  process.kill(process.pid, "SIGHUP");
  await noticed.promise;
  const told = Promise.withResolvers<void>();
  process.once("SIGHUP", () => told.resolve());
  release();
  await told.promise;
});
