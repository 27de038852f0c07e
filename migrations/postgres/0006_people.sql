-- People: the state of accounts, groups, and what is given to groups and to everyone.

-- state: active, disabled (may not do anything until enabled again), deleted (kept, so that what they made stays theirs).
ALTER TABLE users ADD COLUMN state TEXT COLLATE "C" NOT NULL DEFAULT 'active';
-- A service is an account for programs: it has tokens and can't sign in.
ALTER TABLE users ADD COLUMN is_service BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE user_groups (
    id      UUID    NOT NULL PRIMARY KEY,
    name    TEXT COLLATE "C" NOT NULL UNIQUE,
    created BIGINT NOT NULL
);

CREATE TABLE group_members (
    group_id UUID NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id  UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX group_members_group ON group_members (group_id);

CREATE TABLE experiment_group_permissions (
    experiment_id BIGINT NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    group_id      UUID    NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    level         BIGINT NOT NULL,
    PRIMARY KEY (experiment_id, group_id)
);
CREATE INDEX experiment_group_permissions_group ON experiment_group_permissions (group_id);

CREATE TABLE registered_model_group_permissions (
    name     TEXT COLLATE "C" NOT NULL REFERENCES registered_models (name) ON DELETE CASCADE ON UPDATE CASCADE,
    group_id UUID    NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    level    BIGINT NOT NULL,
    PRIMARY KEY (name, group_id)
);
CREATE INDEX registered_model_group_permissions_group ON registered_model_group_permissions (group_id);

-- What everyone with an account may do; NULL: the server's default.
ALTER TABLE experiments ADD COLUMN everyone_level BIGINT;
ALTER TABLE registered_models ADD COLUMN everyone_level BIGINT;
