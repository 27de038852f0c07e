-- Tokens: what they may be used for at most, and until when.

-- read, write or admin (all that the account may).
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'admin';
-- The experiments that a token is limited to, a JSON array of their ids; NULL: it isn't. Not a table of its own: a token whose
-- experiments are all gone must not become one without a limit, and it is read with each first use.
ALTER TABLE tokens ADD COLUMN experiments TEXT;
ALTER TABLE tokens ADD COLUMN expires INTEGER;
