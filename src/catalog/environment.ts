export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` (an empty variable counts as unset, as in a shell). `missing` names the variables that are
 * neither set nor defaulted; their places are left empty.
 */
export function substitute(text: string, env: Environment): { text: string; missing: string[] } {
  const missing: string[] = [];
  const replaced = text.replace(REFERENCE, (_all, name: string, fallback: string | undefined) => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== "") return value;
    if (fallback === undefined) missing.push(name);
    return fallback ?? "";
  });
  return { text: replaced, missing };
}
