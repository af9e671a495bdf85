import { type Static, t } from "elysia";
import type { KeyRecord } from "../../gates/types.ts";
import { invalidRequest } from "../../ir/error.ts";
import { readTime } from "../times.ts";
import { amountSchema, readAmount } from "../amounts.ts";

const limitsSchema = t.Object(
  {
    requests_per_minute: t.Optional(t.Integer({ minimum: 0, maximum: 10_000_000 })),
    messages_per_day: t.Optional(t.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  },
  { additionalProperties: false },
);

const fields = {
  name: t.Optional(t.String({ maxLength: 200 })),
  models: t.Optional(
    t.Array(t.String({ minLength: 1, maxLength: 200 }), {
      maxItems: 200,
      description: "Globs over model ids; empty = all",
    }),
  ),
  monthly_cap: t.Optional(t.Union([amountSchema, t.Null()])),
  limits: t.Optional(t.Union([limitsSchema, t.Null()])),
  expires_at: t.Optional(t.Union([t.String({ maxLength: 40, description: "ISO 8601" }), t.Null()])),
  strict: t.Optional(t.Boolean({ description: "Refuse requests that would lose something on the way" })),
};

/** What a customer may say of a key. Unknown fields are refused: rights are never taken from where nobody looks. */
export const keySchema = t.Object(fields, { additionalProperties: false });
/** What an operator may say. */
export const adminKeySchema = t.Object(
  {
    ...fields,
    kind: t.Optional(t.Union([t.Literal("user"), t.Literal("instance"), t.Literal("self-host"), t.Literal("admin")])),
  },
  { additionalProperties: false },
);
export type KeyInput = Static<typeof adminKeySchema>;

export type KeyChange = Partial<Pick<KeyRecord, "name" | "models" | "monthlyCap" | "limits" | "expiresAt" | "strict">>;

/** The fields that were given, as the store knows them. Throws GatewayError 400 that names the field. */
export function readKeyInput(input: KeyInput, now: number): KeyChange {
  const change: KeyChange = {};
  if (input.name !== undefined) change.name = input.name;
  if (input.models !== undefined) change.models = input.models;
  if (input.strict !== undefined) change.strict = input.strict;
  if (input.monthly_cap !== undefined) {
    change.monthlyCap = input.monthly_cap === null ? null : readAmount("monthly_cap", input.monthly_cap);
  }
  if (input.limits !== undefined) change.limits = input.limits === null ? null : readLimits(input.limits);
  if (input.expires_at !== undefined) {
    change.expiresAt = input.expires_at === null ? null : readTime("expires_at", input.expires_at);
    if (change.expiresAt !== null && change.expiresAt <= now) {
      throw invalidRequest("expires_at", "expires_at must lie in the future.");
    }
  }
  return change;
}

function readLimits(input: Static<typeof limitsSchema>): KeyRecord["limits"] {
  return {
    ...(input.requests_per_minute === undefined ? {} : { requestsPerMinute: input.requests_per_minute }),
    ...(input.messages_per_day === undefined ? {} : { messagesPerDay: input.messages_per_day }),
  };
}
