/** What must be the same before and after a round trip, and which listed loss excuses what is not. */
import type { Loss } from "../../../src/ir/loss.ts";

/** One thing that was said, with its fields under the names by which losses tell of them. */
export interface Atom {
  kind: string;
  /** Where it stood; "" after the round trip, when its place is another. */
  path: string;
  /** Wider names under which some dialects tell of it. */
  also?: readonly string[];
  fields: Readonly<Record<string, string>>;
}

/** A setting, and the names under which encoders report that they can't carry it. */
export interface Fact {
  value: string;
  names: readonly string[];
}

export interface Said {
  facts: Readonly<Record<string, Fact>>;
  atoms: readonly Atom[];
}

/** `a[1]` lies in `a[1].b` and in itself, not in `a[10]`. */
const isWithin = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);

/** A loss of the opaque state of a part that holds something else, too, which has to arrive. */
const isOfSeal = (loss: Loss, atom: Atom): boolean => atom.kind !== "reasoning" && /\bstate\b/.test(loss.reason);

/** A loss of what belongs to the part, which itself has to arrive. */
const isOfOther = (loss: Loss, atom: Atom): boolean =>
  isOfSeal(loss, atom) ||
  (atom.kind !== "citation" && /\b(citation|source)/.test(loss.reason)) ||
  /\blog probabilities\b/.test(loss.reason);

/** Something that the losses name as a whole. */
export const isLost = (atom: Atom, losses: readonly Loss[]): boolean =>
  losses.some(
    (loss) => (isWithin(atom.path, loss.field) || atom.also?.includes(loss.field) === true) && !isOfOther(loss, atom),
  );

function fieldIsLost(atom: Atom, field: string, losses: readonly Loss[]): boolean {
  return losses.some(
    (loss) =>
      isWithin(loss.field, `${atom.path}.${field}`) ||
      // There may be too many of them as a whole.
      (field === "cache_control" && loss.field === "cache_control") ||
      (field === "seal" && isWithin(atom.path, loss.field) && isOfSeal(loss, atom)),
  );
}

/** Whether what arrived is what was sent, but for the fields that are listed as lost. */
function arrived(sent: Atom, got: Atom, losses: readonly Loss[]): boolean {
  if (sent.kind !== got.kind) return false;
  const fields = new Set([...Object.keys(sent.fields), ...Object.keys(got.fields)]);
  return [...fields].every((field) => sent.fields[field] === got.fields[field] || fieldIsLost(sent, field, losses));
}

/** Everything not lost arrives, in order; what is lost may be gone, or stand there in another form; nothing else is there. */
function aligned(sent: readonly Atom[], got: readonly Atom[], losses: readonly Loss[]): boolean {
  const dead = new Set<number>();
  const from = (at: number, to: number): boolean => {
    if (at === sent.length) return to === got.length;
    const key = at * (got.length + 1) + to;
    if (dead.has(key)) return false;
    const [atom, other] = [sent[at], got[to]];
    const lost = atom !== undefined && isLost(atom, losses);
    const found =
      (other !== undefined && atom !== undefined && (lost || arrived(atom, other, losses)) && from(at + 1, to + 1)) ||
      (lost && from(at + 1, to));
    if (!found) dead.add(key);
    return found;
  };
  return from(0, 0);
}

/** Differences that no listed loss names: none, or the round trip has lost something in silence. */
export function unlisted(sent: Said, got: Said, losses: readonly Loss[]): string[] {
  const found: string[] = [];
  for (const name of new Set([...Object.keys(sent.facts), ...Object.keys(got.facts)])) {
    const [before, after] = [sent.facts[name], got.facts[name]];
    if (before?.value === after?.value) continue;
    const names = (before ?? after)?.names ?? [];
    if (losses.some((loss) => names.some((field) => isWithin(loss.field, field)))) continue;
    found.push(`${name}: ${before?.value} became ${after?.value}`);
  }
  if (!aligned(sent.atoms, got.atoms, losses)) {
    const lines = (atoms: readonly Atom[]): string => atoms.map((atom) => `\n    ${JSON.stringify(atom)}`).join("");
    found.push(`said:${lines(sent.atoms)}\n  arrived:${lines(got.atoms)}`);
  }
  return found;
}
