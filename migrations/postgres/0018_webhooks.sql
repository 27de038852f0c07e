-- Webhooks: addresses that are told by a POST of what happens in the registry.
CREATE TABLE webhooks (
    id          UUID    NOT NULL PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    -- Names of the events, with spaces between: model_version.created model_version_tag.set
    events      TEXT COLLATE "C" NOT NULL,
    -- What deliveries are signed with; empty: they aren't. It can't be hashed: signatures are made of it.
    secret      TEXT COLLATE "C" NOT NULL,
    active      BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    -- When it was last tried to deliver something; NULL: never.
    tried       BIGINT,
    -- Why that failed; NULL: it didn't.
    failure     TEXT COLLATE "C"
);
-- What was not delivered yet: written with the change that it tells of, deleted when it arrived.
CREATE TABLE webhook_deliveries (
    id         UUID   NOT NULL PRIMARY KEY,
    webhook_id UUID   NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event      TEXT COLLATE "C" NOT NULL,
    -- What is sent, as it is sent.
    body       TEXT COLLATE "C" NOT NULL,
    created    BIGINT NOT NULL,
    -- How often it was tried, and when it is due. Whoever takes it puts that off: nobody else takes it meanwhile, and if they
    -- never come back, somebody else does then.
    attempts   BIGINT NOT NULL,
    due        BIGINT NOT NULL,
    -- Why it failed the last time; NULL: it didn't yet.
    failure    TEXT COLLATE "C"
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due, id);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, created, id);
