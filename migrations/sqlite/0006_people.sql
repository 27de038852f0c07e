-- People: the state of accounts, groups, and what is given to groups and to everyone.

-- state: active, disabled (may not do anything until enabled again), deleted (kept, so that what they made stays theirs).
ALTER TABLE users ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
-- A service is an account for programs: it has tokens and can't sign in.
ALTER TABLE users ADD COLUMN is_service BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE user_groups (
    id      BLOB    NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    created INTEGER NOT NULL
);

CREATE TABLE group_members (
    group_id BLOB NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id  BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
) WITHOUT ROWID;
CREATE INDEX group_members_group ON group_members (group_id);

CREATE TABLE experiment_group_permissions (
    experiment_id INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    group_id      BLOB    NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    level         INTEGER NOT NULL,
    PRIMARY KEY (experiment_id, group_id)
) WITHOUT ROWID;
CREATE INDEX experiment_group_permissions_group ON experiment_group_permissions (group_id);

CREATE TABLE registered_model_group_permissions (
    name     TEXT    NOT NULL REFERENCES registered_models (name) ON DELETE CASCADE ON UPDATE CASCADE,
    group_id BLOB    NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    level    INTEGER NOT NULL,
    PRIMARY KEY (name, group_id)
) WITHOUT ROWID;
CREATE INDEX registered_model_group_permissions_group ON registered_model_group_permissions (group_id);

-- What everyone with an account may do; NULL: the server's default.
ALTER TABLE experiments ADD COLUMN everyone_level INTEGER;
ALTER TABLE registered_models ADD COLUMN everyone_level INTEGER;
