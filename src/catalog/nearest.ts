/** Edits (insert, delete, replace, swap of neighbours) between two words, given up beyond `limit`. */
function editDistance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_unused, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    if (Math.min(...row) > limit) return limit + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * The names that a misspelt one most likely means, nearest first: few edits, or one name inside the other. At most `count`;
 * names longer than 200 characters are not looked at, so that a hostile one costs nothing.
 */
export function nearestNames(wanted: string, names: Iterable<string>, count = 3): string[] {
  if (wanted.length > 200) return [];
  const asked = wanted.toLowerCase();
  const allowed = Math.max(2, Math.floor(asked.length / 3));
  const ranked: { name: string; distance: number }[] = [];
  for (const name of names) {
    const known = name.toLowerCase();
    let distance = editDistance(asked, known, allowed);
    if (distance > allowed && asked.length >= 3) {
      const inside = known.includes(asked) || (known.length >= 4 && asked.includes(known));
      // One that was cut short, and misspelt besides.
      const beginning = editDistance(asked, known.slice(0, asked.length), allowed - 1) + 1;
      distance = inside ? Math.min(allowed, beginning) : beginning;
    }
    if (distance <= allowed) ranked.push({ name, distance });
  }
  ranked.sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
  return ranked.slice(0, count).map((item) => item.name);
}
