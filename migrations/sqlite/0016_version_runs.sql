-- The page of a run lists the versions that were made of it.
CREATE INDEX model_versions_run ON model_versions (run_id) WHERE run_id IS NOT NULL;
