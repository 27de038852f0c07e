-- People whom an identity provider vouches for: which account is theirs.
CREATE TABLE identities (
    issuer  TEXT COLLATE "C" NOT NULL,
    -- What it calls them for good.
    subject TEXT COLLATE "C" NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);
-- Whether it was a provider that took somebody into a group: then it takes them out, too.
ALTER TABLE group_members ADD COLUMN external BOOLEAN NOT NULL DEFAULT FALSE;
