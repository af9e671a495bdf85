import { equivalentsOf } from "../catalog/equivalents.ts";
import type { Catalog, Model, Provider, Resolution, RoutingWord } from "../catalog/types.ts";
import type { Hints, ProviderReference } from "../dialects/dialect.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import { GatewayError, unsupportedFeature } from "../ir/error.ts";
import { arrange, chooseHealthy } from "./choose.ts";
import { classify, type Difficulty } from "./classify.ts";
import { baselineForAuto, type RankInput, rankForWord, tierOf } from "./rank.ts";
import { pinned, type ReferenceHolder, referenceRefusal } from "./references.ts";
import { isSuitable, type Operation, refusal, refusalForWord, targetRefusal, type Wants } from "./suitable.ts";
import { preferDialect, targetsOf } from "./targets.ts";
import type { Credential, Health, Plan, Target } from "./types.ts";

export interface PlanInput {
  catalog: Catalog;
  resolution: Resolution;
  hints: Hints;
  operation: Operation;
  principal: {
    /** Allowlists in force; each must match. */
    globs: readonly (readonly string[])[];
    ownProvidersOnly: boolean;
  };
  /** Keys that may pay this provider, preferred first. */
  credentials(provider: Provider): Credential[];
  clientDialect: DialectId;
  /** Who is known to have got a thing that is kept at a provider; asked only for requests that refer to one. */
  holdersOf(reference: ProviderReference): readonly ReferenceHolder[];
  health: Health;
  /** ms since the epoch. */
  now: number;
}

/**
 * The ordered ways to serve a call: never empty. Throws GatewayError: 404 for an unknown name (with the nearest ones), 403 for one
 * outside the allowlist, 400 for what no candidate can do or price, 402 for one without a price, 429 or 503 when none can be tried now.
 */
export function planRoute(input: PlanInput): Plan {
  const { resolution } = input;
  if (resolution.kind === "unknown") throw unknownModel(resolution.name, resolution.nearest);
  return resolution.kind === "word" ? planWord(input, resolution) : planModel(input, resolution);
}

function unknownModel(name: string, nearest: readonly string[]): GatewayError {
  const hint = nearest.length === 0 ? "" : ` Did you mean ${nearest.join(", ")}?`;
  return new GatewayError({
    status: 404,
    code: "not_found",
    param: "model",
    message: `The model ${JSON.stringify(name.slice(0, 200))} does not exist here.${hint}`,
    details: { nearest: [...nearest] },
  });
}

const isRelay = (target: Target): boolean => target.mode === "relay";
const isDetour = (target: Target): boolean => target.mode !== "relay";

/** Those that the request may go to, and that its price is known for. */
function payableAmong(wants: Wants, targets: readonly Target[]): Target[] {
  const payable: Target[] = [];
  for (const target of targets) if (targetRefusal(wants, target) === null) payable.push(target);
  return payable;
}

/** Every way to reach a model: its own rows at all their providers, those that speak the client's dialect in front. */
function waysTo(input: PlanInput, model: Model, serviceTier: string | null): Target[] {
  const rows = preferDialect(input.catalog, input.clientDialect, [model, ...(model.alternates ?? [])]);
  return rows.flatMap((row) => targetsOf(input, row, serviceTier));
}

/** A model by name; its equivalents at other providers stand behind it. */
function planModel(input: PlanInput, resolution: Extract<Resolution, { kind: "model" }>): Plan {
  const { model, name, viaAlias, serviceTier } = resolution;
  const refused = refusal(input, model, name, viaAlias);
  if (refused !== null) throw refused;
  const reached = waysTo(input, model, serviceTier);
  // A field that can't be paid for in the client's own dialect is not got rid of by going through another one.
  const relays = reached.filter(isRelay);
  const own = relays.length > 0 ? relays : reached;
  const detours = relays.length > 0 ? reached.filter(isDetour) : [];
  const behind = payableAmong(input, [...detours, ...standIns(input, model, serviceTier)]);
  // What the request refers to may have come from a model that stood in for this one.
  const isElsewhere = behind.length > 0 && own.every((target) => referenceRefusal(input, target) !== null);
  const front = isElsewhere ? [] : payableOrError(input, own, name);
  const ways = pinned(input, arrange([...front, ...behind]));
  const targets = chooseHealthy(ways, input.health, input.catalog.routing, input.now);
  return { targets, reason: viaAlias === null ? "model" : "alias", tier: null, baseline: null };
}

/** The ways to the models that may serve a call in this one's place. */
function standIns(input: PlanInput, model: Model, serviceTier: string | null): Target[] {
  return equivalentsOf(input.catalog.models, model)
    .filter((other) => isSuitable(input, other, { alias: null, lenient: false }))
    .flatMap((other) => waysTo(input, other, serviceTier));
}

/** A routing word: the best candidates that can do it, are allowed, priced and have a credential. */
function planWord(input: PlanInput, resolution: Extract<Resolution, { kind: "word" }>): Plan {
  const { word } = resolution;
  const difficulty: Difficulty | null = word.strategy === "auto" ? classify(input.hints.signals()) : null;
  const ranking: RankInput = {
    catalog: input.catalog,
    word,
    difficulty,
    clientDialect: input.clientDialect,
    sealRealm: input.hints.toolLoop ? input.hints.sealRealm : null,
    now: input.now,
  };
  const ranked = rankForWord(ranking);
  if (ranked.length === 0 && word.serviceTier !== null) throw noVariant(word, word.serviceTier);
  const ways = waysForWord(input, ranked, word);
  const targets = chooseHealthy(pinned(input, arrange(ways)), input.health, input.catalog.routing, input.now);
  return {
    targets,
    reason: `word:${word.name}`,
    tier: difficulty === null ? null : tierOf(word, targets[0]?.model ?? null, difficulty),
    baseline: difficulty === null ? null : baselineForAuto(ranking),
  };
}

/**
 * By all needs of the request, or when nobody meets them all, by the strict ones. The built-in echo, which can do everything and nothing,
 * answers only when nobody else can.
 */
function waysForWord(input: PlanInput, ranked: readonly Model[], word: RoutingWord): Target[] {
  const isEcho = (model: Model): boolean => input.catalog.providers.get(model.provider)?.kind === "echo";
  const reach = (models: readonly Model[]): Target[] =>
    models.flatMap((model) => waysTo(input, model, word.serviceTier));
  for (const pool of [ranked.filter((model) => !isEcho(model)), ranked.filter(isEcho)]) {
    for (const lenient of [false, true]) {
      const suitable = pool.filter((model) => isSuitable(input, model, { alias: word.name, lenient }));
      const ways = payableAmong(input, reach(suitable));
      if (ways.length > 0) return ways;
    }
  }
  const able = ranked.filter((model) => isSuitable(input, model, { alias: word.name, lenient: true }));
  if (able.length > 0) return payableOrError(input, reach(able), word.name);
  throw refusalForWord(input, ranked, word.name) ?? noCredential(input, word.name);
}

/** The ways whose price is known and covers the request; throws what stands against the first one when there is none. */
function payableOrError(input: PlanInput, targets: readonly Target[], asked: string): Target[] {
  const [first] = targets;
  if (first === undefined) throw noCredential(input, asked);
  const payable = payableAmong(input, targets);
  if (payable.length > 0) return payable;
  throw targetRefusal(input, first) ?? noCredential(input, asked);
}

/** Nothing that passes: trying again would not help, so it is no 503. */
const noVariant = (word: RoutingWord, serviceTier: string): GatewayError =>
  unsupportedFeature(
    "model",
    `No model here has a ${serviceTier} price, which the routing word ${JSON.stringify(word.name)} asks for.`,
  );

function noCredential(input: PlanInput, asked: string): GatewayError {
  if (input.principal.ownProvidersOnly) {
    return new GatewayError({
      status: 403,
      code: "model_not_allowed",
      param: "model",
      message: `This account uses its own provider keys only, and has none for ${JSON.stringify(asked)}.`,
    });
  }
  return new GatewayError({
    status: 503,
    code: "provider_error",
    message: `No provider of ${JSON.stringify(asked)} is set up here.`,
    details: { cause: { kind: "no_credential" } },
  });
}
