import { positionOf, type StoredField } from "../audit/record.ts";

/** SQL for a field of the stored record of a row of calls. */
export const recordField = (name: StoredField): string => `(record ->> ${positionOf(name)})`;
