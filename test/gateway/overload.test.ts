/** More calls at once than the gateway takes: refused before anything is held or dialled, and taken again when others have ended. */
import { expect, test } from "bun:test";
import type { JsonObject } from "../../src/lib/json.ts";
import { DEFAULT_GATEWAY_SETTINGS } from "../../src/gateway/deps.ts";
import { startGateway } from "../support/gateway.ts";
import { gate, startUpstream } from "../support/upstream.ts";
import { catalogOf, CLIENTS, eventually, framesOf, kindOf } from "./support.ts";

const MOST = 2;

/** The limit of every gateway that is made meanwhile. */
function lowered(): Disposable {
  const { maxInFlight } = DEFAULT_GATEWAY_SETTINGS;
  DEFAULT_GATEWAY_SETTINGS.maxInFlight = MOST;
  return { [Symbol.dispose]: () => void (DEFAULT_GATEWAY_SETTINGS.maxInFlight = maxInFlight) };
}

test.each(CLIENTS)("$id", async (client) => {
  using _ = lowered();
  const kind = kindOf(client.id);
  await using up = await startUpstream();
  await using gateway = await startGateway({
    catalog: catalogOf({ providers: { one: { kind: kind.kind, url: up.url } } }),
  });
  const key = await gateway.createKey({ credit: "5.00" });
  const call = (stream: boolean): Promise<Response> =>
    gateway.post(client.path({ stream }), client.body({ stream, maxTokens: 10 }), key.key);
  up.always(kind.stream({ text: ["It runs", gate("middle"), " on."] }));
  const running = await Promise.all(Array.from({ length: MOST }, () => call(true)));
  const { held } = await gateway.balance(key.accountId);
  for (const stream of [false, true]) {
    const refused = await call(stream);
    expect(refused.status).toBe(client.id === "anthropic-messages" ? 529 : 503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(client.errorCode((await refused.json()) as JsonObject)).toBe("overloaded");
  }
  expect(up.requests).toHaveLength(MOST);
  expect(await gateway.balance(key.accountId)).toMatchObject({ held });
  up.gate("middle").open();
  for (const response of running) {
    expect(framesOf(await response.text()).some((frame) => client.isTerminal(frame))).toBe(true);
  }
  up.always(kind.reply());
  await eventually(async () => (await call(false)).status === 200);
  expect(await gateway.balance(key.accountId)).toMatchObject({ held: "0.00" });
  expect(gateway.verify()).toEqual([]);
});
