-- A record is one JSON text (body) with its checksum (seal); the columns beside it are copies to find it by.
-- Decimals and times are TEXT; numbers BIGINT; flags 0 or 1. Portable SQL only.

CREATE TABLE resellers (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, seal BIGINT NOT NULL);
CREATE TABLE marketplaces (
    id TEXT NOT NULL PRIMARY KEY, reseller TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL
);
CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY, reseller TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL
);
CREATE TABLE users (name TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, seal BIGINT NOT NULL);

CREATE TABLE customers (
    marketplace TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (marketplace, id)
);
CREATE TABLE subscriptions (
    marketplace TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (marketplace, id)
);
CREATE TABLE products (
    marketplace TEXT NOT NULL, code TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (marketplace, code)
);

CREATE TABLE cursors (connection TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, seal BIGINT NOT NULL);
CREATE TABLE orders (
    marketplace TEXT NOT NULL,
    id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    revision TEXT NOT NULL,
    is_final BIGINT NOT NULL,
    observed_at TEXT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (marketplace, id)
);
CREATE INDEX orders_open ON orders (marketplace, id) WHERE is_final = 0;

CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    reseller TEXT NOT NULL,
    connection TEXT NOT NULL,
    marketplace TEXT NOT NULL,
    order_id TEXT,
    snapshot_of TEXT,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    customer TEXT NOT NULL,
    search TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    observed_at TEXT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL
);
CREATE INDEX tasks_by_state ON tasks (connection, state, reason, observed_at, id);
CREATE INDEX tasks_by_time ON tasks (observed_at, id);
CREATE INDEX tasks_by_customer ON tasks (customer, observed_at, id);
CREATE INDEX tasks_of_order ON tasks (connection, marketplace, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX tasks_of_snapshot ON tasks (connection, snapshot_of) WHERE snapshot_of IS NOT NULL;

-- Kept in the transaction that changes a task: totals never count tasks one by one.
CREATE TABLE task_totals (
    connection TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    currency TEXT NOT NULL,
    tasks BIGINT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (connection, state, reason, currency)
);

CREATE TABLE links (
    connection TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (connection, kind, source)
);
CREATE TABLE plans (
    digest TEXT NOT NULL PRIMARY KEY, connection TEXT NOT NULL, task TEXT NOT NULL, body TEXT NOT NULL,
    seal BIGINT NOT NULL
);

CREATE TABLE batches (
    id TEXT NOT NULL PRIMARY KEY, connection TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL,
    body TEXT NOT NULL, seal BIGINT NOT NULL
);
CREATE INDEX batches_open ON batches (connection, opened_at, id) WHERE state = 'open';
CREATE INDEX batches_by_connection ON batches (connection);
CREATE TABLE batch_plans (
    plan TEXT NOT NULL,
    batch TEXT NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    PRIMARY KEY (plan, batch)
);
CREATE INDEX batch_plans_by_batch ON batch_plans (batch);
CREATE TABLE effects (
    batch TEXT NOT NULL, effect_key TEXT NOT NULL, place BIGINT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (batch, effect_key)
);
CREATE INDEX effects_in_order ON effects (batch, place);
CREATE TABLE receipts (
    plan TEXT NOT NULL PRIMARY KEY, batch TEXT NOT NULL, stored_at TEXT NOT NULL, body TEXT NOT NULL,
    seal BIGINT NOT NULL
);
CREATE INDEX receipts_by_batch ON receipts (batch);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY, reseller TEXT NOT NULL, connection TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, asked_at TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL
);
CREATE INDEX runs_by_reseller ON runs (reseller, asked_at, id);
CREATE INDEX runs_by_time ON runs (asked_at, id);
CREATE INDEX runs_unfinished ON runs (asked_at, id) WHERE state IN ('queued', 'running');

CREATE TABLE exchanges (
    place BIGINT NOT NULL PRIMARY KEY, caller TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL
);
CREATE INDEX exchanges_by_caller ON exchanges (caller, place);

-- How many orders a marketplace has, how many calls a caller put on the wire.
CREATE TABLE counters (
    kind TEXT NOT NULL, name TEXT NOT NULL, reading BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Append-only: each hash covers the one before it. The head tells when the tail was cut.
CREATE TABLE audit (
    place BIGINT NOT NULL PRIMARY KEY,
    happened_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE TABLE audit_head (one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1), place BIGINT NOT NULL, hash TEXT NOT NULL);

CREATE TABLE secrets (
    scope TEXT NOT NULL, name TEXT NOT NULL, nonce TEXT NOT NULL, sealed TEXT NOT NULL,
    PRIMARY KEY (scope, name)
);
