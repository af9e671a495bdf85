import { existsSync } from "node:fs";
import { join } from "node:path";

/** Sends one request to the admin API of this data folder: through the control socket of a running server, or in process. */
export type Transport = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** The admin API said no, or could not be reached. The message is ready to print. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

/** File in the data folder where a running server takes admin requests. */
export const CONTROL_SOCKET = "control.sock";

/** Runs admin requests in process, for when no server runs. Opened on first use, closed at the end of the command. */
export interface LocalServer {
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

export interface Connection {
  send: Transport;
  /** Gets an answer of any size, piece by piece. */
  download(path: string, write: (bytes: Uint8Array) => void): Promise<void>;
  close(): Promise<void>;
}

/** The data folder of a server that does not run. */
export interface LocalData {
  /** Whether there is a database in it. */
  exists: boolean;
  open(): Promise<LocalServer>;
}

/**
 * Connects to the running server of `dataDir` by its 0600 socket; when none answers, opens the data folder itself (which takes the
 * folder's lock, so two writers can't meet). Only the first account makes a folder anew: anything else there is a mistaken `--data-dir`.
 */
export async function connect(dataDir: string, local: LocalData): Promise<Connection> {
  const socket = join(dataDir, CONTROL_SOCKET);
  if (existsSync(socket) && (await answers(socket))) {
    const send: Send = (url, init) => fetch(url, { ...init, unix: socket });
    return connectionOver(send, () => Promise.resolve());
  }
  let opened: Promise<LocalServer> | null = null;
  const send: Send = async (url, init) => {
    const makesFirst = init.method === "POST" && url.endsWith("/admin/accounts");
    if (!local.exists && !makesFirst) throw new CommandError(`no database in ${dataDir}; --data-dir names its folder`);
    opened ??= local.open();
    return (await opened).fetch(new Request(url, init));
  };
  return connectionOver(send, async () => (await opened)?.close());
}

const connectionOver = (send: Send, close: () => Promise<void>): Connection => ({
  send: (method, path, body) => request(send, method, path, body),
  download: (path, write) => download(send, path, write),
  close,
});

/** A socket file may be left over from a server that was killed. */
async function answers(socket: string): Promise<boolean> {
  try {
    await fetch("http://localhost/health", { unix: socket });
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

type Send = (url: string, init: RequestInit) => Promise<Response>;

async function request(send: Send, method: string, path: string, body: unknown): Promise<unknown> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "content-type": "application/json" };
  }
  const response = await send(`http://localhost${path}`, init);
  const text = await response.text();
  if (response.ok) return text === "" ? null : JSON.parse(text);
  throw new CommandError(`${messageOf(text)} (${response.status})`);
}

async function download(send: Send, path: string, write: (bytes: Uint8Array) => void): Promise<void> {
  const response = await send(`http://localhost${path}`, { method: "GET" });
  if (!response.ok) throw new CommandError(`${messageOf(await response.text())} (${response.status})`);
  if (response.body !== null) for await (const bytes of response.body) write(bytes);
}

function messageOf(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: { message?: string } };
    return body.error?.message ?? text;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
