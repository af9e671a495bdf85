const READ_ONLY = {
  value: (): never => {
    throw new TypeError("the catalog can't be changed; load a new one");
  },
};

/** Freezes a value and all that hangs on it, maps and sets too (their changing methods throw). Gives the same value back. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    Object.defineProperties(value, { set: READ_ONLY, delete: READ_ONLY, clear: READ_ONLY });
    for (const item of value.values()) freezeDeep(item);
  } else if (value instanceof Set) {
    Object.defineProperties(value, { add: READ_ONLY, delete: READ_ONLY, clear: READ_ONLY });
  }
  Object.freeze(value);
  for (const item of Object.values(value)) freezeDeep(item);
  return value;
}
