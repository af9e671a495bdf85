import { DIALECTS } from "../dialects/index.ts";
import type { ProviderId, ProviderReference } from "../dialects/dialect.ts";
import type { OwnedId } from "../gates/ownership.ts";
import type { DialectId } from "../ir/dialect-id.ts";
import { invalidRequest } from "../ir/error.ts";
import type { IrEvent } from "../ir/events.ts";
import { errorText } from "../lib/log.ts";
import type { ReferenceHolder } from "../routing/references.ts";
import type { Target } from "../routing/types.ts";
import type { LiveCall } from "./live-call.ts";

/** Most ids that one request may refer to: each is looked up. */
const MOST_REFERENCES = 1_000;
/** Most ids of one answer that are kept, and the longest of them, UTF-16 units. */
const MOST_FOUND = 1_000;
const LONGEST_ID = 1_024;

/** Watches an answer for ids of what the provider keeps. Most answers name none and leave this empty. */
export class FoundIds {
  readonly #dialect: DialectId;
  readonly #found = new Map<string, ProviderId>();

  constructor(dialect: DialectId) {
    this.#dialect = dialect;
  }

  observe(event: IrEvent): void {
    if (event.type === "text-delta" || event.type === "arguments-delta") return;
    for (const item of DIALECTS[this.#dialect].idsIn(event)) {
      if (this.#found.size < MOST_FOUND && item.id.length <= LONGEST_ID)
        this.#found.set(`${item.kind} ${item.id}`, item);
    }
  }

  get all(): readonly ProviderId[] {
    return [...this.#found.values()];
  }
}

/** Who is known to have got the ids that a call refers to; each is looked up once. Throws GatewayError 400 when there are too many. */
export function holdersFor(live: LiveCall): (reference: ProviderReference) => readonly ReferenceHolder[] {
  const { references } = live.read;
  if (references.length > MOST_REFERENCES) {
    const { field } = references[MOST_REFERENCES] ?? { field: "" };
    throw invalidRequest(field, `${field}: a request may refer to ${MOST_REFERENCES} stored things at most`);
  }
  const known = new Map<string, readonly ReferenceHolder[]>();
  return ({ kind, id }) => {
    const key = `${kind} ${id}`;
    const holders = known.get(key) ?? findHolders(live, kind, id);
    known.set(key, holders);
    return holders;
  };
}

/** All anonymous callers are one account, but not one person: nothing is anybody's there. */
const isNobody = (live: LiveCall): boolean => live.call.principal.bearer === "anonymous";

/** By whom and how an id was got. */
function findHolders(live: LiveCall, kind: string, id: string): ReferenceHolder[] {
  const asking = isNobody(live) ? null : live.call.principal.account.id;
  return live.deps.ownership
    .find(kind, id)
    .map(({ account, provider, credential }) => ({ provider, credential, own: account === asking }));
}

/**
 * Gives the call's account what its answer named, and keeps what it referred to for longer. Null for the usual call, which named nothing; else
 * resolves when it is on disk, or was given up: then the ids can't be used again, but nothing is wrong with the call.
 */
export function keepIds(live: LiveCall): Promise<void> | null {
  const { target } = live;
  if (target === null || isNobody(live)) return null;
  const ids = [...(live.foundIds?.all ?? []), ...ownReferences(live, target)];
  if (ids.length === 0) return null;
  const way = {
    account: live.call.principal.account.id,
    provider: target.provider.name,
    credential: target.credential.id,
  };
  const kept = live.deps.ownership.claim(ids.map(({ kind, id }): OwnedId => ({ kind, id, ...way })));
  return kept.catch((error: unknown) => {
    live.deps.log.warn("ids of an answer could not be kept", {
      request_id: live.call.requestId,
      error: errorText(error),
    });
  });
}

/** What was told to a target on the operator's key was the account's own; on a key of its own it may be anything. */
function ownReferences(live: LiveCall, target: Target): readonly ProviderId[] {
  if (target.credential.kind === "byok") return [];
  const toldHistory = target.dialect === live.call.dialect.id;
  return (live.hints?.references ?? []).filter((reference) => reference.inHistory !== true || toldHistory);
}
