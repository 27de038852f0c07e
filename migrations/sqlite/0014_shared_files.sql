-- Whether a link shows the files of its runs, too.
ALTER TABLE share_links ADD COLUMN with_files BOOLEAN NOT NULL DEFAULT FALSE;
