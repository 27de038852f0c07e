-- People whom an identity provider vouches for: which account is theirs.
CREATE TABLE identities (
    issuer  TEXT    NOT NULL,
    -- What it calls them for good.
    subject TEXT    NOT NULL,
    user_id BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE INDEX identities_user ON identities (user_id);
-- Whether it was a provider that took somebody into a group: then it takes them out, too.
ALTER TABLE group_members ADD COLUMN external BOOLEAN NOT NULL DEFAULT FALSE;
