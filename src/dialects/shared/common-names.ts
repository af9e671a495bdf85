/**
 * The names under which encoders report losses, by a dialect's own names of fields (the last of a path): its `lossFields` the other way round. Where
 * several names mean one field, the first counts.
 */
export function commonNames(lossFields: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [common, own] of Object.entries(lossFields)) {
    const last = own.slice(own.lastIndexOf(".") + 1);
    if (!names.has(last)) names.set(last, common);
  }
  return names;
}
