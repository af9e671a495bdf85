import { customType, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * The connection gives every INTEGER as a bigint (amounts exceed 2^53). `count` is for columns that are small by nature: times in ms,
 * flags, limits; `nano` for money.
 */
const count = customType<{ data: number; driverData: bigint | number }>({
  dataType: () => "integer",
  fromDriver: (value) => Number(value),
});
const nano = customType<{ data: bigint; driverData: bigint }>({
  dataType: () => "integer",
  fromDriver: (value) => BigInt(value),
});

export const accounts = sqliteTable("accounts", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  tier: text("tier"),
  status: text("status").$type<"active" | "disabled" | "closed">().notNull(),
  monthlyCap: nano("monthly_cap"),
  markupPercent: text("markup_percent"),
  ownProvidersOnly: count("own_providers_only").notNull(),
  createdAt: count("created_at").notNull(),
});

export const keys = sqliteTable("keys", {
  id: text("id").primaryKey(),
  accountId: text("account_id").notNull(),
  kind: text("kind").$type<"instance" | "user" | "self-host" | "admin">().notNull(),
  name: text("name").notNull(),
  digest: text("digest").notNull(),
  display: text("display").notNull(),
  models: text("models").notNull(),
  monthlyCap: nano("monthly_cap"),
  limits: text("limits"),
  strict: count("strict").notNull(),
  createdAt: count("created_at").notNull(),
  expiresAt: count("expires_at"),
  revokedAt: count("revoked_at"),
  lastUsedAt: count("last_used_at"),
});

export const idempotency = sqliteTable("idempotency", {
  subject: text("subject").notNull(),
  key: text("key").notNull(),
  fingerprint: text("fingerprint").notNull(),
  requestId: text("request_id").notNull(),
  createdAt: count("created_at").notNull(),
});

export const callCaps = sqliteTable("call_caps", {
  accountId: text("account_id").notNull(),
  modelId: text("model_id").notNull(),
  cap: nano("cap").notNull(),
});

export const providerKeys = sqliteTable("provider_keys", {
  id: text("id").primaryKey(),
  accountId: text("account_id").notNull(),
  provider: text("provider").notNull(),
  name: text("name").notNull(),
  display: text("display").notNull(),
  sealed: text("sealed").notNull(),
  createdAt: count("created_at").notNull(),
});

export const auditSinks = sqliteTable("audit_sinks", {
  accountId: text("account_id").primaryKey(),
  url: text("url").notNull(),
  sealed: text("sealed").notNull(),
  position: count("position").notNull(),
  createdAt: count("created_at").notNull(),
});

export const responses = sqliteTable("responses", {
  id: text("id").notNull(),
  account: text("account_id").notNull(),
  created: count("created_at").notNull(),
  expires: count("expires_at").notNull(),
  previous: text("previous"),
  input: text("input").notNull(),
  response: text("response").notNull(),
  pin: text("pin").notNull(),
});

export const providerIds = sqliteTable("provider_ids", {
  provider: text("provider").notNull(),
  credential: text("credential").notNull(),
  kind: text("kind").notNull(),
  id: text("id").notNull(),
  account: text("account_id").notNull(),
  expires: count("expires_at").notNull(),
});
