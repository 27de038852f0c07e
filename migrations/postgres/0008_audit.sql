-- The audit log: who did what, when, from where, to what. A row is written in the transaction of the change it tells of; a moment
-- later it gets its place in a chain of hashes (seq and hash), which shows whether rows were changed or taken out since.
CREATE TABLE audit (
    id      UUID   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    -- The account, and its name at that time; NULL and empty where nobody was known.
    user_id UUID,
    actor   TEXT COLLATE "C" NOT NULL,
    -- The token that was used, by name; NULL: none.
    token   TEXT COLLATE "C",
    -- Where the call came from; NULL: from the machine itself.
    address TEXT COLLATE "C",
    action  TEXT COLLATE "C" NOT NULL,
    -- What it was done to.
    kind    TEXT COLLATE "C" NOT NULL,
    object  TEXT COLLATE "C" NOT NULL,
    done    BOOLEAN NOT NULL,
    -- JSON: what the action is about, with before and after where there is a before.
    detail  TEXT COLLATE "C" NOT NULL,
    seq     BIGINT UNIQUE,
    hash    BYTEA
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_object ON audit (kind, object, at, id);
CREATE INDEX audit_actor ON audit (actor, at, id);
CREATE INDEX audit_waiting ON audit (at, id) WHERE seq IS NULL;

-- Against mistakes: rows are added and sealed, nothing else. Against whoever may change the schema there is the chain.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_is_sealed_once BEFORE UPDATE ON audit FOR EACH ROW WHEN (old.seq IS NOT NULL)
    EXECUTE FUNCTION audit_is_append_only();
