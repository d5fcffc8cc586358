-- Statements of distributors, their records in chunks, and how the programs of connections are set. Orders that were made
-- of a statement are found by it. Records as in 0001.

CREATE TABLE statements (
    marketplace TEXT NOT NULL,
    id TEXT NOT NULL,
    issue BIGINT NOT NULL,
    stream TEXT NOT NULL,
    starts TEXT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (marketplace, id, issue)
);
CREATE INDEX statements_by_period ON statements (marketplace, starts, id, issue);

CREATE TABLE statement_records (
    marketplace TEXT NOT NULL,
    id TEXT NOT NULL,
    issue BIGINT NOT NULL,
    place BIGINT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (marketplace, id, issue, place)
);

ALTER TABLE orders ADD COLUMN statement TEXT;
ALTER TABLE orders ADD COLUMN statement_starts TEXT;
ALTER TABLE orders ADD COLUMN statement_ends TEXT;
ALTER TABLE orders ADD COLUMN motion TEXT;
ALTER TABLE orders ADD COLUMN subscription TEXT;
CREATE INDEX orders_of_statement ON orders (statement, marketplace, id) WHERE statement IS NOT NULL;
CREATE INDEX orders_of_period ON orders (marketplace, statement_starts) WHERE statement_starts IS NOT NULL;
CREATE INDEX orders_of_motion ON orders (subscription, statement_starts) WHERE subscription IS NOT NULL;

CREATE TABLE programs (
    connection TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (connection, name)
);
