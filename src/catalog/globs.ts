/**
 * True when `name` matches the glob: `*` stands for any run of characters (slashes too), all else for itself. Linear in time, so that a
 * stored glob can't be used to stall the gateway.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const pieces = glob.split("*");
  const first = pieces[0] ?? "";
  if (pieces.length === 1) return name === glob;
  const last = pieces.at(-1) ?? "";
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  const end = name.length - last.length;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, from);
    if (found < 0 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}

/** True when every list (an empty one allows all) has a glob that matches one of the names by which a model is known. */
export function allowedByGlobs(lists: readonly (readonly string[])[], names: readonly string[]): boolean {
  return lists.every(
    (globs) => globs.length === 0 || globs.some((glob) => names.some((name) => matchesGlob(glob, name))),
  );
}

/** Names of a model that an allowlist may use: its id, and the id behind its provider's name. */
export const modelNames = (model: { id: string; provider: string }): string[] => [
  model.id,
  `${model.provider}/${model.id}`,
];
