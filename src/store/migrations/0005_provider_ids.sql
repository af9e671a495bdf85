-- Ids of what providers keep (containers, files …), and the account that got each through which credential.
CREATE TABLE provider_ids (
  provider TEXT NOT NULL,
  credential TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (kind, id, provider, credential)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX provider_ids_by_expiry ON provider_ids (expires_at);
