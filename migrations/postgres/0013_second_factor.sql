-- The second factor of an account: what its owner's app makes codes of (RFC 6238).
CREATE TABLE second_factors (
    user_id   UUID    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- It can't be hashed: codes are made of it.
    secret    BYTEA   NOT NULL,
    -- Whether a code proved that the app has it; before that it isn't asked for.
    confirmed BOOLEAN NOT NULL,
    -- The step of the last code that was used: it and those before count no more.
    last_step BIGINT NOT NULL
);
-- Codes for who has lost their app; each counts once. Only their SHA-256 are kept.
CREATE TABLE recovery_codes (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash    BYTEA NOT NULL,
    PRIMARY KEY (user_id, hash)
);
