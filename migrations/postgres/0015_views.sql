-- What somebody looks at in an experiment, kept under a name: columns, filter, order, charts.
CREATE TABLE views (
    id            UUID NOT NULL PRIMARY KEY,
    experiment_id BIGINT NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    -- Who made it; NULL on a server without accounts.
    user_id       UUID REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT COLLATE "C" NOT NULL,
    -- The query part of the page's address.
    state         TEXT COLLATE "C" NOT NULL,
    -- Whether all who may read the experiment have it.
    shared        BOOLEAN NOT NULL,
    -- Whether the experiment opens with it.
    opens         BOOLEAN NOT NULL,
    created       BIGINT NOT NULL
);
CREATE INDEX views_experiment ON views (experiment_id, name);
CREATE INDEX views_user ON views (user_id);
