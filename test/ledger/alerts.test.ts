/** Low-balance alerts: one per crossing, with the rows that did it, told until somebody has heard. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { LowBalanceAlerts } from "../../src/ledger/alerts.ts";
import { createLogger } from "../../src/lib/log.ts";
import { Book, UNIT } from "../store/support.ts";

const DAY = 86_400_000;
const terms = { accountId: "a", subscription: null, creditLimit: null };

async function watched(credit: bigint, lowBalance: bigint | null): Promise<Book> {
  const book = new Book();
  await book.credit(credit);
  await book.ledger.setTerms({ ...terms, lowBalance });
  return book;
}

const pending = (book: Book): bigint[] => book.store.alerts.pending(10).map(({ balance }) => balance);

describe("what is written", () => {
  test("one alert per crossing, in the transaction of the call that crossed, and it outlives the process", async () => {
    await using book = await watched(UNIT, (UNIT * 8n) / 10n);
    await book.call(10_000);
    expect(pending(book)).toEqual([]);
    await book.call(10_000);
    await book.call(1_000);
    expect(pending(book)).toEqual([740_000_000n]);
    await book.restart();
    expect(pending(book)).toEqual([740_000_000n]);
    // Under the threshold at the start: that was told.
    await book.call(1_000);
    expect(pending(book)).toHaveLength(1);
    await book.credit(UNIT);
    await book.call(38_000);
    await book.call(38_000);
    expect(pending(book)).toHaveLength(2);
    expect(book.verify()).toEqual([]);
  });

  test("what an adjustment takes, and what expires with a grant, counts", async () => {
    await using book = await watched(UNIT, UNIT);
    await book.credit(-1n, { kind: "adjust" });
    expect(pending(book)).toEqual([UNIT - 1n]);
    await book.credit(UNIT, { kind: "grant", expiresAt: book.now + DAY });
    book.now += DAY;
    await book.ledger.sweep(Number.NEGATIVE_INFINITY);
    expect(pending(book)).toEqual([UNIT - 1n, UNIT - 1n]);
  });

  test("what lifts a balance over the threshold makes the next crossing one: a refund, too", async () => {
    await using book = await watched(UNIT, UNIT - 130_000_000n);
    const { requestId } = await book.call(10_001);
    expect(pending(book)).toHaveLength(1);
    await book.ledger.refund({ requestId, amount: null, reason: "r", idempotencyKey: null });
    await book.call(10_001);
    expect(pending(book)).toEqual([869_987_000n, 869_987_000n]);
    await book.credit(13_000n);
    await book.credit(-1n, { kind: "adjust" });
    expect(pending(book)).toEqual([869_987_000n, 869_987_000n, 869_999_999n]);
  });

  test("what is told is what can still be used: wallet and grants, less what calls under way hold", async () => {
    await using book = await watched(UNIT, 3n * UNIT);
    await book.credit(3n * UNIT, { kind: "grant", expiresAt: book.now + DAY });
    await book.hold(UNIT / 4n);
    await book.credit(-UNIT, { kind: "adjust" });
    await book.call(10_000);
    expect(pending(book)).toEqual([3n * UNIT - UNIT / 4n - 130_000_000n]);
  });

  test("nothing without a threshold, and nothing for setting one", async () => {
    await using book = await watched(UNIT, null);
    await book.call(10_000);
    await book.ledger.setTerms({ ...terms, lowBalance: 5n * UNIT });
    await book.call(10_000);
    expect(pending(book)).toEqual([]);
  });
});

interface Delivery {
  url: string;
  body: string;
  headers: Record<string, string>;
}

/** The sender over a book's store; the test decides what the webhook answers, and what time it is. */
class Desk {
  readonly book: Book;
  readonly deliveries: Delivery[] = [];
  readonly logs: string[] = [];
  answers: (number | Error)[] = [];
  webhook: { url: string; secret: string } | null = { url: "https://hooks.example/low", secret: "whsec_c2VjcmV0" };
  /** How far the wall clock has jumped. */
  skew = 0;
  sender: LowBalanceAlerts;

  constructor(book: Book) {
    this.book = book;
    this.sender = this.#make();
  }

  #make(): LowBalanceAlerts {
    return new LowBalanceAlerts({
      store: this.book.store.alerts,
      webhook: () => this.webhook,
      post: async (url, body, headers) => {
        this.deliveries.push({ url, body, headers });
        const answer = this.answers.shift() ?? 200;
        if (typeof answer === "number") return answer;
        throw answer;
      },
      currency: () => "USD",
      clock: { now: () => this.book.now + this.skew, monotonic: () => this.book.now },
      log: createLogger((line) => this.logs.push(line), "debug"),
    });
  }

  async restart(): Promise<void> {
    await this.book.restart();
    this.sender = this.#make();
  }
}

async function crossed(): Promise<Desk> {
  const book = await watched(UNIT, UNIT);
  await book.call(10_000);
  return new Desk(book);
}

describe("what is told", () => {
  test("who, how much and when, signed as Standard Webhooks does; then it is gone", async () => {
    const desk = await crossed();
    await using book = desk.book;
    await desk.sender.round();
    await desk.sender.round();
    const [delivery, ...others] = desk.deliveries;
    expect(others).toEqual([]);
    expect(delivery?.url).toBe("https://hooks.example/low");
    expect(JSON.parse(delivery?.body ?? "")).toEqual({
      type: "account.low_balance",
      timestamp: new Date(book.now).toISOString(),
      data: { account_id: "a", balance: "0.87", threshold: "1.00", currency: "USD" },
    });
    const {
      "webhook-id": id = "",
      "webhook-timestamp": time = "",
      "webhook-signature": signed,
    } = delivery?.headers ?? {};
    expect(time).toBe(String(book.now / 1000));
    const expected = createHmac("sha256", "secret").update(`${id}.${time}.${delivery?.body}`).digest("base64");
    expect(signed).toBe(`v1,${expected}`);
    expect(pending(book)).toEqual([]);
  });

  test.each([
    [199, 1],
    [200, 0],
    [299, 0],
    [300, 1],
  ])("status %d leaves %d to be told", async (status, left) => {
    const desk = await crossed();
    await using book = desk.book;
    desk.answers = [status];
    await desk.sender.round();
    expect(pending(book)).toHaveLength(left);
  });

  test("by one round at a time", async () => {
    const desk = await crossed();
    await using _book = desk.book;
    await Promise.all([desk.sender.round(), desk.sender.round()]);
    expect(desk.deliveries).toHaveLength(1);
  });

  test("signed with a secret of any other form as it stands", async () => {
    const desk = await crossed();
    await using book = desk.book;
    desk.webhook = { url: "https://hooks.example/low", secret: "plain secret" };
    await desk.sender.round();
    const [{ body, headers } = { body: "", headers: {} as Record<string, string> }] = desk.deliveries;
    const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const expected = createHmac("sha256", "plain secret").update(content).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
    expect(pending(book)).toEqual([]);
  });

  test("again with growing pauses and under one id, whatever went wrong, also by the next process", async () => {
    const desk = await crossed();
    await using book = desk.book;
    desk.answers = [500, new Error("refused"), 302, 410];
    const after = async (ms: number): Promise<number> => {
      book.now += ms;
      await desk.sender.round();
      return desk.deliveries.length;
    };
    expect([await after(0), await after(999), await after(1)]).toEqual([1, 1, 2]);
    expect([await after(1_999), await after(1), await after(3_999)]).toEqual([2, 3, 3]);
    await desk.restart();
    expect(await after(0)).toBe(4);
    expect(await after(1_000)).toBe(5);
    expect(await after(DAY)).toBe(5);
    expect(new Set(desk.deliveries.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(pending(book)).toEqual([]);
    expect(desk.logs.filter((line) => line.includes("was not delivered"))).toHaveLength(4);
  });

  test("one that never arrives does not hold up the others, and is given up after three days", async () => {
    const desk = await crossed();
    await using book = desk.book;
    await book.credit(UNIT);
    await book.call(38_000);
    await book.call(38_000);
    expect(pending(book)).toHaveLength(2);
    desk.answers = [500, 200];
    await desk.sender.round();
    expect(pending(book)).toEqual([870_000_000n]);
    book.now += 3 * DAY + 1;
    await desk.sender.round();
    expect(desk.deliveries).toHaveLength(2);
    expect(pending(book)).toEqual([]);
    expect(desk.logs.at(-1)).toContain("never arrived");
  });

  test("a wall clock that jumps neither drops an alert nor holds it back", async () => {
    for (const days of [31, -31]) {
      const desk = await crossed();
      await using book = desk.book;
      desk.answers = [500];
      await desk.sender.round();
      desk.skew = days * DAY;
      book.now += 1_000;
      await desk.sender.round();
      expect([desk.deliveries.length, pending(book)]).toEqual([2, []]);
    }
  });

  test("without a webhook nobody is told, and nothing piles up", async () => {
    const desk = await crossed();
    await using book = desk.book;
    desk.webhook = null;
    await desk.sender.round();
    expect([desk.deliveries, pending(book)]).toEqual([[], []]);
  });
});
