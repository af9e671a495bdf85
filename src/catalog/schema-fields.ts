import { type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";

/** What the schema of the catalog is made of: every field says what it is for. */

/** An object that refuses unknown keys. */
export const closed = <T extends TProperties>(properties: T, description?: string): TObject<T> =>
  Type.Object(properties, { additionalProperties: false, ...(description === undefined ? {} : { description }) });

/** One of these words. */
export const oneOf = <const T extends string>(values: readonly T[], description?: string) =>
  Type.Unsafe<T>({ type: "string", enum: [...values], ...(description === undefined ? {} : { description }) });

/** A decimal that is read from its source text, never through a binary float. Comes out of the check as that text. */
export const amount = (description: string, maximum = 1_000_000) =>
  Type.Unsafe<string>({ type: ["number", "string"], format: "amount", minimum: 0, maximum, description });

/** A whole number from 1. */
export const positive = (description: string, maximum = 1_000_000_000) =>
  Type.Integer({ minimum: 1, maximum, description });
/** A whole number from 0. */
export const count = (description: string, maximum = 1_000_000_000) =>
  Type.Integer({ minimum: 0, maximum, description });
/** A time from 1 ms to a day. */
export const milliseconds = (description: string) => positive(`${description}, ms`, 86_400_000);
/** A text that is not empty. */
export const text = (description: string) => Type.String({ minLength: 1, description });
/** Texts that are not empty, or none. */
export const list = (description: string) => Type.Array(Type.String({ minLength: 1 }), { description });
/** A whole number from 0 to 100. */
export const score = (description: string) => Type.Integer({ minimum: 0, maximum: 100, description });
/** True or false. */
export const flag = (description: string) => Type.Boolean({ description });
/** Texts by name. */
export const texts = (description: string) => Type.Record(Type.String(), Type.String(), { description });
/** Values of one shape by name. */
export const byName = <T extends TSchema>(value: T, description: string) =>
  Type.Record(Type.String(), value, { description });
