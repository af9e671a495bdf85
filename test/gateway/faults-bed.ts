import { expect } from "bun:test";
import { startGateway, type TestGateway, type TestKey } from "../support/gateway.ts";
import { REFUSED_URL, startUpstream, type Upstream } from "../support/upstream.ts";
import { catalogOf, type ClientDialect, kindOf, model } from "./support.ts";

/** Time limits of a bed, ms; those that aren't given do not run out. */
export interface Times {
  /** Of the bad provider only: until a stream's first token. */
  badFirstToken?: number;
  /** Of every call. */
  total?: number;
}

/** Two providers of one client's dialect, and a gateway that falls over from the bad to the good one. */
export interface Bed extends AsyncDisposable {
  bad: Upstream;
  good: Upstream;
  gateway: TestGateway;
  key: TestKey;
  /** Models: `m` is at the bad provider first, `alone` only there, `down` where nobody listens. */
  ask(model: string, stream: boolean): Promise<Response>;
  /** Nothing is held, the books are right. */
  expectQuiet(): Promise<void>;
}

export async function startBed(client: ClientDialect, times: Times = {}): Promise<Bed> {
  const { kind } = kindOf(client.id);
  const bad = await startUpstream();
  const good = await startUpstream();
  const firstToken = times.badFirstToken === undefined ? {} : { first_token_timeout_ms: times.badFirstToken };
  const gateway = await startGateway({
    catalog: catalogOf({
      providers: {
        bad: { kind, url: bad.url },
        good: { kind, url: good.url },
        alone: { kind, url: bad.url },
        down: { kind, url: REFUSED_URL },
      },
      models: [
        model("m", "bad", { equivalents: ["set"], ...firstToken }),
        model("n", "good", { equivalents: ["set"] }),
        model("alone", "alone", firstToken),
        model("down", "down"),
      ],
      routing: {
        breaker: { enabled: false },
        ...(times.total === undefined ? {} : { total_timeout_ms: times.total }),
      },
    }),
  });
  const key = await gateway.createKey({ credit: "5.00" });
  return {
    bad,
    good,
    gateway,
    key,
    ask: (name, stream) => {
      const wanted = { model: name, stream, maxTokens: 100 };
      return gateway.post(client.path(wanted), client.body(wanted), key.key);
    },
    expectQuiet: async () => {
      expect(await gateway.balance(key.accountId)).toMatchObject({ held: "0.00" });
      expect(gateway.verify()).toEqual([]);
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      bad.stop();
      good.stop();
    },
  };
}
