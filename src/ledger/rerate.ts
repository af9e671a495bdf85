import type { Model, PriceRow } from "../catalog/types.ts";
import { currentPrice } from "../catalog/price.ts";
import { TOKEN_CLASSES, totalInput, type Usage } from "../ir/usage.ts";
import { DecimalSum } from "../lib/decimal-sum.ts";
import type { Nano } from "../lib/money.ts";
import { type Rational, subtract } from "../lib/rational.ts";
import { longContextTier, weightsFor } from "./compile.ts";
import { decimalText } from "./decimal.ts";
import { priceUsage, variantsOf } from "./price.ts";
import { readExact } from "./price-lines.ts";
import type { LineBasis } from "./types.ts";

/** A settled call as its record has it. */
export interface RatedCall {
  /** Served; null where the call never got that far. */
  model: string | null;
  provider: string | null;
  /** ms since the epoch. */
  at: number;
  /** On the customer's own provider key: charged a fee at most, whatever the prices are. */
  ownKey: boolean;
  charged: Nano;
  /** Exact decimal. */
  providerCostUsd: string;
  priceVersion: string | null;
  usage: Usage | null;
  /** Null where the call was settled otherwise than by a price row. */
  basis: LineBasis | null;
}

/** What calls of one model have cost, and would. Charges in nano-units of the ledger currency. */
export interface RatedModel {
  model: string;
  provider: string;
  calls: number;
  charged: Nano;
  recharged: Nano;
  costUsd: Rational;
  recostUsd: Rational;
}

export interface RerateReport {
  models: RatedModel[];
  total: Omit<RatedModel, "model" | "provider">;
  /** Calls that can't be priced anew, with what they were charged. */
  left: { unpriced: Left; withoutPrice: Left };
  /** Calls whose old row the price book has lost: a tier that only their request named is taken for standard. */
  assumedStandard: number;
}
interface Left {
  calls: number;
  charged: Nano;
}

/** Which row of a model counts for a call: the one in force now, or the one in force at the call. */
export type RowChoice = "now" | "call";

interface Sums {
  model: string;
  provider: string;
  calls: number;
  charged: Nano;
  recharged: Nano;
  cost: DecimalSum;
  recost: DecimalSum;
}

/**
 * Prices recorded calls by another price book, and tells what would change; nothing is changed. Markup and FX stay as they were pinned. A call
 * that was not charged (absorbed, free of charge, on an own key) would not be either, and one that was cut to what its account could pay would not
 * be charged more.
 */
export class Rerating {
  readonly #models: ReadonlyMap<string, Model>;
  readonly #choice: RowChoice;
  readonly #now: number;
  readonly #sums = new Map<string, Sums>();
  readonly #left = { unpriced: { calls: 0, charged: 0n }, withoutPrice: { calls: 0, charged: 0n } };
  #assumedStandard = 0;

  constructor(models: ReadonlyMap<string, Model>, options: { choice: RowChoice; now: number }) {
    this.#models = models;
    this.#choice = options.choice;
    this.#now = options.now;
  }

  add(call: RatedCall): void {
    const { usage, basis } = call;
    if (usage === null || basis === null) return leave(this.#left.withoutPrice, call);
    const model = this.#modelOf(call);
    const row = model === null ? null : currentPrice(model, this.#choice === "now" ? this.#now : call.at);
    if (model === null || row === null) return leave(this.#left.unpriced, call);
    const pin = {
      row,
      markupPercent: readExact(basis.markupPercent),
      fx: readExact(basis.fx),
      currency: basis.currency,
    };
    const images = Object.fromEntries(Object.entries(basis.images ?? {}).map(([size, [count]]) => [size, count]));
    const requestedTier = this.#tierOf(model, call.priceVersion, usage, basis);
    const price = priceUsage(usage, pin, { requestedTier, images });
    const sums = this.#sumsOf(model.id, model.provider);
    sums.calls += 1;
    sums.charged += call.charged;
    sums.recharged += chargeOf(call, BigInt(basis.charge), price.charge);
    sums.cost.add(call.providerCostUsd);
    sums.recost.add(decimalText(price.providerCostUsd));
  }

  #modelOf({ model: id, provider }: RatedCall): Model | null {
    const model = id === null ? undefined : this.#models.get(id);
    if (model === undefined) return null;
    return [model, ...(model.alternates ?? [])].find((row) => row.provider === provider) ?? null;
  }

  /** The service tier that the call was priced in: told by the answer, else found by the unit prices that its old row gives. */
  #tierOf(model: Model, version: string | null, usage: Usage, basis: LineBasis): string | null {
    if (usage.variant.serviceTier !== undefined) return null;
    const old = model.prices.find((row) => row.version === version);
    const tier =
      old === undefined ? undefined : [null, ...old.modifiers.keys()].find((name) => fits(old, name, usage, basis));
    if (tier === undefined) this.#assumedStandard += 1;
    return tier ?? null;
  }

  #sumsOf(model: string, provider: string): Sums {
    const key = `${model}\n${provider}`;
    let sums = this.#sums.get(key);
    if (sums === undefined) {
      sums = {
        model,
        provider,
        calls: 0,
        charged: 0n,
        recharged: 0n,
        cost: new DecimalSum(),
        recost: new DecimalSum(),
      };
      this.#sums.set(key, sums);
    }
    return sums;
  }

  report(): RerateReport {
    const total = { calls: 0, charged: 0n, recharged: 0n };
    const [cost, recost] = [new DecimalSum(), new DecimalSum()];
    const models = [...this.#sums.values()].map((sums): RatedModel => {
      total.calls += sums.calls;
      total.charged += sums.charged;
      total.recharged += sums.recharged;
      const [costUsd, recostUsd] = [sums.cost.total, sums.recost.total];
      cost.add(decimalText(costUsd));
      recost.add(decimalText(recostUsd));
      return { ...sums, costUsd, recostUsd };
    });
    return {
      models,
      total: { ...total, costUsd: cost.total, recostUsd: recost.total },
      left: this.#left,
      assumedStandard: this.#assumedStandard,
    };
  }
}

/** What is to be paid more (or less) by the new prices, USD at the provider. */
export const costChange = ({ costUsd, recostUsd }: Pick<RatedModel, "costUsd" | "recostUsd">): Rational =>
  subtract(recostUsd, costUsd);

function leave(left: Left, { charged }: RatedCall): void {
  left.calls += 1;
  left.charged += charged;
}

function chargeOf(call: RatedCall, price: Nano, newPrice: Nano): Nano {
  if (call.charged === 0n || call.ownKey) return call.charged;
  const wasCut = call.charged < price;
  return wasCut && newPrice > call.charged ? call.charged : newPrice;
}

/** Whether a row in some service tier has the unit prices that the call was priced by. */
function fits(row: PriceRow, tier: string | null, usage: Usage, basis: LineBasis): boolean {
  const weights = weightsFor(row, longContextTier(row, totalInput(usage)), variantsOf(usage, tier));
  return TOKEN_CLASSES.every(
    (name, index) => basis.units[name] === undefined || basis.units[name] === weights.unitText[index],
  );
}
