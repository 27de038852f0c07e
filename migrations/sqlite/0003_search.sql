-- Searches look into experiments, so that params and tags lie by experiment too. Values may have thousands of characters,
-- and an index entry must stay small: it holds their start.
ALTER TABLE params ADD COLUMN experiment_id INTEGER NOT NULL DEFAULT 0;
UPDATE params SET experiment_id = (SELECT r.experiment_id FROM runs r WHERE r.id = params.run_id);
CREATE INDEX params_search ON params (experiment_id, key, substr(value, 1, 64), run_id);

ALTER TABLE tags ADD COLUMN experiment_id INTEGER NOT NULL DEFAULT 0;
UPDATE tags SET experiment_id = (SELECT r.experiment_id FROM runs r WHERE r.id = tags.run_id);
CREATE INDEX tags_search ON tags (experiment_id, key, substr(value, 1, 64), run_id);

CREATE INDEX runs_name ON runs (experiment_id, lifecycle, substr(name, 1, 64), id);
CREATE INDEX runs_user ON runs (experiment_id, lifecycle, substr(user_name, 1, 64), id);
CREATE INDEX runs_status ON runs (experiment_id, lifecycle, status, id);
CREATE INDEX runs_end ON runs (experiment_id, lifecycle, end_time, id);
CREATE INDEX run_datasets_dataset ON run_datasets (dataset_id);
