-- Mail to people. due: when it is tried next; NULL: it is not. Records as in 0001.

CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    due TEXT,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (due) WHERE due IS NOT NULL;
