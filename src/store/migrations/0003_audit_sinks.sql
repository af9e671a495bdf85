-- Where accounts want the records of their calls: address, ciphertext of the signing secret, and the last record that has arrived.
CREATE TABLE audit_sinks (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id),
  url TEXT NOT NULL,
  sealed TEXT NOT NULL,
  position INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
