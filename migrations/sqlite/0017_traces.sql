-- Traces: what a model or an agent did for one request, its steps, and what was thought of it.
CREATE TABLE traces (
    id                BLOB NOT NULL PRIMARY KEY,
    experiment_id     INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    -- Of the request; how long it took is NULL while nobody knows.
    request_time      INTEGER NOT NULL,
    duration          INTEGER,
    state             TEXT NOT NULL,
    client_request_id TEXT,
    request_preview   TEXT,
    response_preview  TEXT,
    artifact_uri      TEXT NOT NULL,
    -- Whether the client told of it: what its steps say of times then counts no more.
    is_told           BOOLEAN NOT NULL,
    -- How many steps there are, and about how many bytes they take.
    span_count        INTEGER NOT NULL,
    span_bytes        INTEGER NOT NULL
);
CREATE INDEX traces_experiment ON traces (experiment_id, request_time DESC, id);

CREATE TABLE trace_tags (
    trace_id BLOB NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (trace_id, key)
) WITHOUT ROWID;

CREATE TABLE trace_metadata (
    trace_id BLOB NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (trace_id, key)
) WITHOUT ROWID;

-- A step. It comes again when it has changed. Times are nanoseconds. attributes: a line ["key",value], in JSON, for each, with
-- a line break before the first and after each; events, links: JSON, empty for none.
CREATE TABLE spans (
    trace_id   BLOB NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    span_id    INTEGER NOT NULL,
    parent_id  INTEGER,
    name       TEXT NOT NULL,
    kind       INTEGER NOT NULL,
    type       TEXT NOT NULL,
    status     TEXT NOT NULL,
    message    TEXT NOT NULL,
    start_time INTEGER NOT NULL,
    end_time   INTEGER,
    attributes TEXT NOT NULL,
    events     TEXT NOT NULL,
    links      TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    PRIMARY KEY (trace_id, span_id)
);

-- What was thought of a trace. value: JSON, but for a text, which is as it is. number: the value, if it is one.
CREATE TABLE assessments (
    trace_id    BLOB NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    id          BLOB NOT NULL,
    span_id     TEXT,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    is_text     BOOLEAN NOT NULL,
    number      REAL,
    error       TEXT,
    source_type TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    rationale   TEXT,
    metadata    TEXT NOT NULL,
    overrides   BLOB,
    valid       BOOLEAN NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    PRIMARY KEY (trace_id, id)
);

-- Traces that runs have to do with. A link may come before its trace does.
CREATE TABLE trace_runs (
    trace_id BLOB NOT NULL,
    run_id   BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (trace_id, run_id)
) WITHOUT ROWID;
CREATE INDEX trace_runs_run ON trace_runs (run_id, trace_id);

-- Versions of prompts that a trace was made with.
CREATE TABLE trace_prompts (
    trace_id BLOB NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    version  TEXT NOT NULL,
    PRIMARY KEY (trace_id, name, version)
) WITHOUT ROWID;
CREATE INDEX trace_prompts_version ON trace_prompts (name, version, trace_id);
