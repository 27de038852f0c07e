-- The metric store: what a commit brings is one block for each run; blocks are folded into summaries a moment later, and
-- merged into segments, one metric each, in the background (see crates/domain/src/metric/mod.rs).

-- All points that one commit brought to a run, whichever their metrics.
CREATE TABLE blocks (
    run_id UUID   NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq    BIGINT NOT NULL,
    count  BIGINT NOT NULL,
    data   BYTEA  NOT NULL,
    PRIMARY KEY (run_id, seq)
);
-- What is packed already isn't worth another attempt.
ALTER TABLE blocks ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE segments ALTER COLUMN data SET STORAGE EXTERNAL;

-- How far a run's blocks are written and folded. is_behind: there may be blocks after folded_seq.
CREATE TABLE journals (
    run_id     UUID    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    next_seq   BIGINT  NOT NULL,
    folded_seq BIGINT  NOT NULL,
    is_behind  BOOLEAN NOT NULL,
    PRIMARY KEY (run_id)
) WITH (fillfactor = 50);
CREATE INDEX journals_behind ON journals (run_id) WHERE is_behind;

-- Searches look into experiments, so that summaries lie by experiment too.
ALTER TABLE metrics ADD COLUMN experiment_id BIGINT NOT NULL DEFAULT 0;
UPDATE metrics SET experiment_id = (SELECT r.experiment_id FROM runs r WHERE r.id = metrics.run_id);
CREATE INDEX metrics_search ON metrics (experiment_id, key, last_is_nan, last_value, run_id);

-- All summaries of a run in one row, for lists of runs. Runs whose metrics nobody logged to since have none yet.
CREATE TABLE metric_sheets (
    run_id UUID  NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    data   BYTEA NOT NULL,
    PRIMARY KEY (run_id)
);
