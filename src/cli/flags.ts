/** Flags that mean the same in several commands. */

export const dataDirFlag = {
  "data-dir": { type: "string", description: "data folder (TOLLGATE_DATA_DIR, default ./data)" },
} as const;

export const jsonFlag = { json: { type: "boolean", description: "print JSON" } } as const;

export const catalogFlags = {
  catalog: { type: "string", description: "catalog file (TOLLGATE_CATALOG, default: built in)" },
  profile: { type: "string", description: "a built-in profile instead of a file" },
} as const;

/** An account, by its id. */
export const accountFlag = { account: { type: "string", required: true, description: "account id" } } as const;
