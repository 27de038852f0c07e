-- Times are milliseconds since 1970 UTC. Ids of runs, users and models are UUIDs (16 bytes). The Postgres twin has the same
-- tables and columns under the same file name.

CREATE TABLE users (
    id            BLOB    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    is_admin      BOOLEAN NOT NULL,
    created       INTEGER NOT NULL
);

-- An API token; only its SHA-256 is kept.
CREATE TABLE tokens (
    id        BLOB    NOT NULL PRIMARY KEY,
    user_id   BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name      TEXT    NOT NULL,
    hash      BLOB    NOT NULL UNIQUE,
    created   INTEGER NOT NULL,
    last_used INTEGER
);
CREATE INDEX tokens_user ON tokens (user_id);

-- A browser's session; the key is the SHA-256 of the cookie.
CREATE TABLE sessions (
    hash    BLOB    NOT NULL PRIMARY KEY,
    data    TEXT    NOT NULL,
    expires INTEGER NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

-- A link that signs in once; only its SHA-256 is kept.
CREATE TABLE sign_in_links (
    hash    BLOB    NOT NULL PRIMARY KEY,
    user_id BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
);

CREATE TABLE experiments (
    id                INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name              TEXT    NOT NULL UNIQUE,
    artifact_location TEXT    NOT NULL,
    lifecycle         TEXT    NOT NULL,
    created           INTEGER NOT NULL,
    updated           INTEGER NOT NULL
);

CREATE TABLE experiment_tags (
    experiment_id INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    key           TEXT    NOT NULL,
    value         TEXT    NOT NULL,
    PRIMARY KEY (experiment_id, key)
) WITHOUT ROWID;

-- level: 0 NO_PERMISSIONS, 1 READ, 2 USE, 3 EDIT, 4 MANAGE
CREATE TABLE experiment_permissions (
    experiment_id INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    user_id       BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    level         INTEGER NOT NULL,
    PRIMARY KEY (experiment_id, user_id)
) WITHOUT ROWID;
CREATE INDEX experiment_permissions_user ON experiment_permissions (user_id);

CREATE TABLE runs (
    id            BLOB    NOT NULL PRIMARY KEY,
    experiment_id INTEGER NOT NULL REFERENCES experiments (id),
    name          TEXT    NOT NULL,
    user_name     TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    start_time    INTEGER NOT NULL,
    end_time      INTEGER,
    lifecycle     TEXT    NOT NULL,
    artifact_uri  TEXT    NOT NULL,
    -- Who really created it: the account, not what the client says.
    created_by    BLOB    REFERENCES users (id) ON DELETE SET NULL
) WITHOUT ROWID;
CREATE INDEX runs_experiment ON runs (experiment_id, lifecycle, start_time DESC, id);

CREATE TABLE params (
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) WITHOUT ROWID;

CREATE TABLE tags (
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (run_id, key)
) WITHOUT ROWID;

-- One row per run and metric: what is known without reading the points. A last value of NaN is stored as 0 with
-- last_is_nan, because SQLite turns NaN into NULL; min and max are NULL while no value is a number.
CREATE TABLE metrics (
    run_id      BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key         TEXT    NOT NULL,
    last_value  REAL    NOT NULL,
    last_is_nan BOOLEAN NOT NULL,
    last_step   INTEGER NOT NULL,
    last_time   INTEGER NOT NULL,
    min_value   REAL,
    max_value   REAL,
    count       INTEGER NOT NULL,
    min_step    INTEGER NOT NULL,
    max_step    INTEGER NOT NULL,
    min_time    INTEGER NOT NULL,
    max_time    INTEGER NOT NULL,
    PRIMARY KEY (run_id, key)
) WITHOUT ROWID;

-- The points of one run and metric that one commit brought, packed (see crates/domain/src/metric/segment.rs).
CREATE TABLE segments (
    run_id   BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key      TEXT    NOT NULL,
    seq      INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    min_step INTEGER NOT NULL,
    max_step INTEGER NOT NULL,
    min_time INTEGER NOT NULL,
    max_time INTEGER NOT NULL,
    data     BLOB    NOT NULL,
    PRIMARY KEY (run_id, key, seq)
) WITHOUT ROWID;

CREATE TABLE datasets (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    experiment_id INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    digest        TEXT    NOT NULL,
    source_type   TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    schema        TEXT,
    profile       TEXT,
    UNIQUE (experiment_id, name, digest)
);

CREATE TABLE run_datasets (
    run_id     BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    dataset_id INTEGER NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, dataset_id)
) WITHOUT ROWID;

CREATE TABLE run_dataset_tags (
    run_id     BLOB    NOT NULL,
    dataset_id INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (run_id, dataset_id, key),
    FOREIGN KEY (run_id, dataset_id) REFERENCES run_datasets (run_id, dataset_id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE logged_models (
    id            BLOB    NOT NULL PRIMARY KEY,
    experiment_id INTEGER NOT NULL REFERENCES experiments (id),
    name          TEXT    NOT NULL,
    artifact_uri  TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    model_type    TEXT,
    source_run_id BLOB,
    lifecycle     TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX logged_models_experiment ON logged_models (experiment_id, created DESC, id);

CREATE TABLE logged_model_params (
    model_id BLOB NOT NULL REFERENCES logged_models (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) WITHOUT ROWID;

CREATE TABLE logged_model_tags (
    model_id BLOB NOT NULL REFERENCES logged_models (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) WITHOUT ROWID;

-- The last point of each metric, run and dataset that measured the model; no dataset is two empty texts.
CREATE TABLE logged_model_metrics (
    model_id       BLOB    NOT NULL REFERENCES logged_models (id) ON DELETE CASCADE,
    key            TEXT    NOT NULL,
    run_id         BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    dataset_name   TEXT    NOT NULL,
    dataset_digest TEXT    NOT NULL,
    value          REAL    NOT NULL,
    is_nan         BOOLEAN NOT NULL,
    step           INTEGER NOT NULL,
    timestamp      INTEGER NOT NULL,
    PRIMARY KEY (model_id, key, run_id, dataset_name, dataset_digest)
) WITHOUT ROWID;

-- direction: 'input' for a model that the run used, 'output' for one that it made.
CREATE TABLE run_models (
    run_id    BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    direction TEXT    NOT NULL,
    model_id  BLOB    NOT NULL REFERENCES logged_models (id) ON DELETE CASCADE,
    step      INTEGER NOT NULL,
    PRIMARY KEY (run_id, direction, model_id)
) WITHOUT ROWID;

CREATE TABLE registered_models (
    name         TEXT    NOT NULL PRIMARY KEY,
    description  TEXT    NOT NULL,
    last_version INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE registered_model_permissions (
    name    TEXT    NOT NULL REFERENCES registered_models (name) ON DELETE CASCADE ON UPDATE CASCADE,
    user_id BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    level   INTEGER NOT NULL,
    PRIMARY KEY (name, user_id)
) WITHOUT ROWID;
CREATE INDEX registered_model_permissions_user ON registered_model_permissions (user_id);

CREATE TABLE registered_model_tags (
    name  TEXT NOT NULL REFERENCES registered_models (name) ON DELETE CASCADE ON UPDATE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name, key)
) WITHOUT ROWID;

CREATE TABLE model_versions (
    name             TEXT    NOT NULL REFERENCES registered_models (name) ON DELETE CASCADE ON UPDATE CASCADE,
    version          INTEGER NOT NULL,
    user_name        TEXT    NOT NULL,
    stage            TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    source           TEXT    NOT NULL,
    storage_location TEXT    NOT NULL,
    run_id           BLOB,
    model_id         BLOB,
    run_link         TEXT    NOT NULL,
    created          INTEGER NOT NULL,
    updated          INTEGER NOT NULL,
    PRIMARY KEY (name, version)
) WITHOUT ROWID;

CREATE TABLE model_version_tags (
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    PRIMARY KEY (name, version, key),
    FOREIGN KEY (name, version) REFERENCES model_versions (name, version) ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;

CREATE TABLE registered_model_aliases (
    name    TEXT    NOT NULL,
    alias   TEXT    NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (name, alias),
    FOREIGN KEY (name, version) REFERENCES model_versions (name, version) ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
