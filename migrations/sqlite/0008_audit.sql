-- The audit log: who did what, when, from where, to what. A row is written in the transaction of the change it tells of; a moment
-- later it gets its place in a chain of hashes (seq and hash), which shows whether rows were changed or taken out since.
CREATE TABLE audit (
    id      BLOB    NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    -- The account, and its name at that time; NULL and empty where nobody was known.
    user_id BLOB,
    actor   TEXT    NOT NULL,
    -- The token that was used, by name; NULL: none.
    token   TEXT,
    -- Where the call came from; NULL: from the machine itself.
    address TEXT,
    action  TEXT    NOT NULL,
    -- What it was done to.
    kind    TEXT    NOT NULL,
    object  TEXT    NOT NULL,
    done    BOOLEAN NOT NULL,
    -- JSON: what the action is about, with before and after where there is a before.
    detail  TEXT    NOT NULL,
    seq     INTEGER UNIQUE,
    hash    BLOB
) WITHOUT ROWID;
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_object ON audit (kind, object, at, id);
CREATE INDEX audit_actor ON audit (actor, at, id);
CREATE INDEX audit_waiting ON audit (at, id) WHERE seq IS NULL;

-- Against mistakes: rows are added and sealed, nothing else. Against whoever may change the schema there is the chain.
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_is_sealed_once BEFORE UPDATE ON audit WHEN old.seq IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
