-- What is still to be told of balances that fell under their account's threshold: written with the entry that did it, gone once it has arrived.
CREATE TABLE low_balance_alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  balance INTEGER NOT NULL,
  threshold INTEGER NOT NULL
) STRICT;
