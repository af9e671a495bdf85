/**
 * A table that is asked with words from outside. It has its own names and no others, so that `constructor` and `__proto__` are words like any other
 * that it doesn't know.
 */
export function words<T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.freeze(Object.assign(Object.create(null) as Record<string, T>, entries));
}
