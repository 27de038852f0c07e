-- Traces: what a model or an agent did for one request, its steps, and what was thought of it.
CREATE TABLE traces (
    id                UUID NOT NULL PRIMARY KEY,
    experiment_id     BIGINT NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    -- Of the request; how long it took is NULL while nobody knows.
    request_time      BIGINT NOT NULL,
    duration          BIGINT,
    state             TEXT COLLATE "C" NOT NULL,
    client_request_id TEXT COLLATE "C",
    request_preview   TEXT COLLATE "C",
    response_preview  TEXT COLLATE "C",
    artifact_uri      TEXT COLLATE "C" NOT NULL,
    -- Whether the client told of it: what its steps say of times then counts no more.
    is_told           BOOLEAN NOT NULL,
    -- How many steps there are, and about how many bytes they take.
    span_count        BIGINT NOT NULL,
    span_bytes        BIGINT NOT NULL
);
CREATE INDEX traces_experiment ON traces (experiment_id, request_time DESC, id);

CREATE TABLE trace_tags (
    trace_id UUID NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    key      TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trace_id, key)
);

CREATE TABLE trace_metadata (
    trace_id UUID NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    key      TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trace_id, key)
);

-- A step. It comes again when it has changed. Times are nanoseconds. attributes: a line ["key",value], in JSON, for each, with
-- a line break before the first and after each; events, links: JSON, empty for none.
CREATE TABLE spans (
    trace_id   UUID NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    span_id    BIGINT NOT NULL,
    parent_id  BIGINT,
    name       TEXT COLLATE "C" NOT NULL,
    kind       BIGINT NOT NULL,
    type       TEXT COLLATE "C" NOT NULL,
    status     TEXT COLLATE "C" NOT NULL,
    message    TEXT COLLATE "C" NOT NULL,
    start_time BIGINT NOT NULL,
    end_time   BIGINT,
    attributes TEXT COLLATE "C" NOT NULL,
    events     TEXT COLLATE "C" NOT NULL,
    links      TEXT COLLATE "C" NOT NULL,
    bytes      BIGINT NOT NULL,
    PRIMARY KEY (trace_id, span_id)
);

-- What was thought of a trace. value: JSON, but for a text, which is as it is. number: the value, if it is one.
CREATE TABLE assessments (
    trace_id    UUID NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    id          UUID NOT NULL,
    span_id     TEXT COLLATE "C",
    name        TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    value       TEXT COLLATE "C" NOT NULL,
    is_text     BOOLEAN NOT NULL,
    number      DOUBLE PRECISION,
    error       TEXT COLLATE "C",
    source_type TEXT COLLATE "C" NOT NULL,
    source_id   TEXT COLLATE "C" NOT NULL,
    rationale   TEXT COLLATE "C",
    metadata    TEXT COLLATE "C" NOT NULL,
    overrides   UUID,
    valid       BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    PRIMARY KEY (trace_id, id)
);

-- Traces that runs have to do with. A link may come before its trace does.
CREATE TABLE trace_runs (
    trace_id UUID NOT NULL,
    run_id   UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (trace_id, run_id)
);
CREATE INDEX trace_runs_run ON trace_runs (run_id, trace_id);

-- Versions of prompts that a trace was made with.
CREATE TABLE trace_prompts (
    trace_id UUID NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
    name     TEXT COLLATE "C" NOT NULL,
    version  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trace_id, name, version)
);
CREATE INDEX trace_prompts_version ON trace_prompts (name, version, trace_id);
