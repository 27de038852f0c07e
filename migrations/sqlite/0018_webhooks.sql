-- Webhooks: addresses that are told by a POST of what happens in the registry.
CREATE TABLE webhooks (
    id          BLOB    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    description TEXT    NOT NULL,
    -- Names of the events, with spaces between: model_version.created model_version_tag.set
    events      TEXT    NOT NULL,
    -- What deliveries are signed with; empty: they aren't. It can't be hashed: signatures are made of it.
    secret      TEXT    NOT NULL,
    active      BOOLEAN NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    -- When it was last tried to deliver something; NULL: never.
    tried       INTEGER,
    -- Why that failed; NULL: it didn't.
    failure     TEXT
) WITHOUT ROWID;
-- What was not delivered yet: written with the change that it tells of, deleted when it arrived.
CREATE TABLE webhook_deliveries (
    id         BLOB    NOT NULL PRIMARY KEY,
    webhook_id BLOB    NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event      TEXT    NOT NULL,
    -- What is sent, as it is sent.
    body       TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    -- How often it was tried, and when it is due. Whoever takes it puts that off: nobody else takes it meanwhile, and if they
    -- never come back, somebody else does then.
    attempts   INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    -- Why it failed the last time; NULL: it didn't yet.
    failure    TEXT
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due, id);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, created, id);
