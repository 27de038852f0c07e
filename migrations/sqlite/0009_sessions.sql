-- Sessions know whose they are, so that people see where they are signed in, and can sign out there.
ALTER TABLE sessions ADD COLUMN user_id BLOB REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE sessions ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
-- When it was last used, to within a minute.
ALTER TABLE sessions ADD COLUMN seen INTEGER;
-- Where somebody signed in, and with what: as the browser calls itself.
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
-- Begun by a link: for an hour its owner may choose a password without the old one.
ALTER TABLE sessions ADD COLUMN by_link BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX sessions_user ON sessions (user_id);
-- Those from before don't: everybody signs in once more.
DELETE FROM sessions;
