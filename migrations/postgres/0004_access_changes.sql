-- One row that counts the transactions which changed what somebody may do, so that every process learns of it (see
-- crates/domain/src/store/changes.rs).
CREATE TABLE access_changes (
    id    BIGINT NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL
);
INSERT INTO access_changes (id, count) VALUES (0, 0);
