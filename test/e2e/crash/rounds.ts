import type { JsonObject } from "../../../src/lib/json.ts";
import type { Failpoint } from "../../../src/lib/failpoint.ts";
import { startGateway, type TestKey } from "../../support/gateway.ts";
import { serve } from "../server.ts";
import { gate, type Handler, type Upstream } from "../../support/upstream.ts";
import { catalogOf, clientOf, framesOf, kindOf, model } from "../../gateway/support.ts";

/** All nine places, in the order in which a call passes them. */
export const FAILPOINTS: readonly Failpoint[] = [
  "hold-committed",
  "dialled",
  "headers",
  "first-chunk",
  "checkpoint",
  "last-upstream-byte",
  "before-settle-commit",
  "after-settle-commit",
  "after-terminal-frame",
];

const client = clientOf("openai-chat");
const kind = kindOf(client.id);
/** 11 input and 7 output tokens at 1 and 2 USD per million. */
const COST_NANO = 25_000n;
const CLIENTS_AT_ONCE = 4;

const catalogFor = (url: string): string =>
  catalogOf({
    providers: { one: { kind: kind.kind, url } },
    models: [model("m", "one")],
    routing: { retries: 0, breaker: { enabled: false } },
  });

/** Where checkpoints are wanted, every second stream stands still in its middle until one has been written. */
function provider(name: Failpoint): Handler {
  let streams = 0;
  return (request) => {
    if (request.wantsStream) streams += 1;
    return name === "checkpoint" && request.wantsStream && streams % 2 === 0
      ? kind.stream({ text: ["It stands", gate("still"), " still."] })
      : kind.reply()(request);
  };
}

export interface CrashRound {
  killed: boolean;
  /** Calls whose end their client saw. */
  seen: number;
  /** What is wrong; [] = nothing was lost, billed twice or left held. */
  findings: string[];
}

/**
 * Runs a gateway as a process of its own until it is killed at `name` for the `count`th time, with clients calling all the while; then starts
 * it anew on the same folder and asks for the receipts of all that the clients saw end.
 */
export async function crashCalls(folder: string, up: Upstream, name: Failpoint, count: number): Promise<CrashRound> {
  const catalog = catalogFor(up.url);
  const key = await makeKey(folder, catalog);
  up.reset().always(provider(name));
  const { child, url } = await serve(folder, { FAILPOINT: `${name}:${count}` });
  const seen = (
    await Promise.all(Array.from({ length: CLIENTS_AT_ONCE }, (_, index) => callUntilGone(url, key, index)))
  ).flat();
  await child.exited;
  return {
    killed: child.signalCode === "SIGKILL",
    seen: seen.length,
    findings: await look(folder, catalog, key, seen),
  };
}

async function makeKey(folder: string, catalog: string): Promise<TestKey> {
  const gateway = await startGateway({ catalog, dataDir: folder });
  try {
    return await gateway.createKey({ credit: "5.00" });
  } finally {
    await gateway.stop();
  }
}

/** Calls one after the other, streams and JSON in turn, until the server is gone. Gives the ids of calls whose end arrived. */
async function callUntilGone(url: string, key: TestKey, index: number): Promise<string[]> {
  const seen: string[] = [];
  for (let round = index; ; round += 1) {
    const body = JSON.stringify(client.body({ stream: round % 2 === 0, maxTokens: 100 }));
    const headers = { authorization: `Bearer ${key.key}`, "content-type": "application/json" };
    try {
      const response = await fetch(`${url}${client.path({})}`, { method: "POST", headers, body });
      const text = await response.text();
      const ended = round % 2 === 0 ? framesOf(text).some((frame) => client.isTerminal(frame)) : text.endsWith("}");
      if (response.status === 200 && ended) seen.push(response.headers.get("x-tollgate-request-id") ?? "");
    } catch (error) {
      // The server was killed: this is what the round waits for.
      if (error instanceof Error) return seen;
      throw error;
    }
  }
}

/** Starts anew and compares what clients saw with the books. */
async function look(folder: string, catalog: string, key: TestKey, seen: readonly string[]): Promise<string[]> {
  const gateway = await startGateway({ catalog, dataDir: folder });
  try {
    const findings = gateway.verify();
    for (const id of seen) {
      const receipt = await gateway.get(`/v1/receipts/${id}`, key.key);
      const body = (await receipt.json()) as JsonObject;
      if (receipt.status !== 200) findings.push(`${id}: seen by its client, but without a receipt`);
      else if (body["state"] !== "settled" || body["charged"] !== "0.000025")
        findings.push(`${id}: ${JSON.stringify(body["state"])} at ${JSON.stringify(body["charged"])}`);
    }
    const balance = await gateway.balance(key.accountId);
    if (balance["held"] !== "0.00") findings.push(`held after the start: ${String(balance["held"])}`);
    return [...findings, ...spending(nanoOf(String(balance["wallet"])), seen.length)];
  } finally {
    await gateway.stop();
  }
}

/** Beside the calls that were seen to end only those under way at the kill can have been charged, each once at most. */
function spending(wallet: bigint, seen: number): string[] {
  const spent = 5_000_000_000n - wallet;
  const least = BigInt(seen) * COST_NANO;
  const most = BigInt(seen + CLIENTS_AT_ONCE) * COST_NANO;
  return spent >= least && spent <= most ? [] : [`${spent} nano spent on ${seen} calls that were seen to end`];
}

function nanoOf(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}
