-- The metric store: what a commit brings is one block for each run; blocks are folded into summaries a moment later, and
-- merged into segments, one metric each, in the background (see crates/domain/src/metric/mod.rs).

-- All points that one commit brought to a run, whichever their metrics.
CREATE TABLE blocks (
    run_id BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    data   BLOB    NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- How far a run's blocks are written and folded. is_behind: there may be blocks after folded_seq.
CREATE TABLE journals (
    run_id     BLOB    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    next_seq   INTEGER NOT NULL,
    folded_seq INTEGER NOT NULL,
    is_behind  BOOLEAN NOT NULL,
    PRIMARY KEY (run_id)
) WITHOUT ROWID;
CREATE INDEX journals_behind ON journals (run_id) WHERE is_behind;

-- Points of one metric; rows lie in the order in which they were written, so that big ones don't crowd the index.
ALTER TABLE segments RENAME TO segments_before;
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
);
INSERT INTO segments SELECT run_id, key, seq, count, min_step, max_step, min_time, max_time, data FROM segments_before;
DROP TABLE segments_before;

-- Searches look into experiments, so that summaries lie by experiment too.
ALTER TABLE metrics ADD COLUMN experiment_id INTEGER NOT NULL DEFAULT 0;
UPDATE metrics SET experiment_id = (SELECT r.experiment_id FROM runs r WHERE r.id = metrics.run_id);
CREATE INDEX metrics_search ON metrics (experiment_id, key, last_is_nan, last_value, run_id);

-- All summaries of a run in one row, for lists of runs. Runs whose metrics nobody logged to since have none yet.
CREATE TABLE metric_sheets (
    run_id BLOB  NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    data   BLOB  NOT NULL,
    PRIMARY KEY (run_id)
);
