import { Random } from "./random.ts";
import { randomStep, setUp } from "./steps.ts";
import { World } from "./world.ts";

export interface History {
  seed: number;
  operations: number;
  settled: number;
  /** Sum over all books, nano-units: anything but 0 is money made or lost. */
  drift: bigint;
}

/** A history failed: the seed makes it again. */
export class SimulationError extends Error {
  readonly seed: number;
  constructor(seed: number, step: number, name: string, cause: unknown) {
    super(`seed ${seed}, step ${step} (${name}): ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.seed = seed;
    this.name = "SimulationError";
  }
}

/** Plays one random history; all invariants are checked after every step. Throws SimulationError. */
export async function simulate(seed: number, steps: number): Promise<History> {
  const world = new World(new Random(seed));
  await setUp(world);
  for (let index = 0; index < steps; index += 1) {
    const step = randomStep(world);
    try {
      await step(world);
      await world.drain();
      await world.check();
    } catch (error) {
      throw new SimulationError(seed, index, step.name, error);
    }
  }
  try {
    await finish(world);
  } catch (error) {
    throw new SimulationError(seed, steps, "finish", error);
  }
  const { disk } = world.storage;
  const drift = [...disk.books.values()].reduce((sum, { posted }) => sum + posted, 0n);
  return { seed, operations: steps, settled: disk.settlements.size, drift };
}

/** At the end everything comes to rest: no hold stays open. */
async function finish(world: World): Promise<void> {
  await world.commit();
  await world.crash();
  await world.check();
}
