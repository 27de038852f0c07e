-- Share links: short addresses that show a page to others.
CREATE TABLE share_links (
    -- What the address ends with. Of a link for anybody it is all that is needed to see.
    code          TEXT    NOT NULL PRIMARY KEY,
    -- Who made it; NULL on a server without accounts.
    user_id       BLOB    REFERENCES users (id) ON DELETE CASCADE,
    -- The page, as a path of the site with its state.
    address       TEXT    NOT NULL,
    -- JSON: what the page shows, and all that whoever has the link may see.
    reach         TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    -- members or anybody.
    audience      TEXT    NOT NULL,
    -- Empty: none is asked for.
    password_hash TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    expires       INTEGER,
    -- The page as it was when the link was made; NULL: it shows how things are.
    snapshot      TEXT
);
CREATE INDEX share_links_user ON share_links (user_id);
