-- The last time that a provider's own report was held against the records; `view` is the answer that was given, JSON.
CREATE TABLE reconciliations (
  provider TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  view TEXT NOT NULL
) STRICT;
