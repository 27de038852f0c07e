-- Share links: short addresses that show a page to others.
CREATE TABLE share_links (
    -- What the address ends with. Of a link for anybody it is all that is needed to see.
    code          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Who made it; NULL on a server without accounts.
    user_id       UUID REFERENCES users (id) ON DELETE CASCADE,
    -- The page, as a path of the site with its state.
    address       TEXT COLLATE "C" NOT NULL,
    -- JSON: what the page shows, and all that whoever has the link may see.
    reach         TEXT COLLATE "C" NOT NULL,
    title         TEXT COLLATE "C" NOT NULL,
    -- members or anybody.
    audience      TEXT COLLATE "C" NOT NULL,
    -- Empty: none is asked for.
    password_hash TEXT COLLATE "C" NOT NULL,
    created       BIGINT NOT NULL,
    expires       BIGINT,
    -- The page as it was when the link was made; NULL: it shows how things are.
    snapshot      TEXT COLLATE "C"
);
CREATE INDEX share_links_user ON share_links (user_id);
