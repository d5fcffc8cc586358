-- What people decided, and what was confirmed: rules to ignore by, adjustments of tasks, customers whose tasks go by
-- themselves, and what each plan bills. Records as in 0001.

CREATE TABLE rules (
    id TEXT NOT NULL PRIMARY KEY, connection TEXT NOT NULL, made_at TEXT NOT NULL, body TEXT NOT NULL,
    seal BIGINT NOT NULL
);
CREATE INDEX rules_by_connection ON rules (connection, made_at, id);

CREATE TABLE adjustments (task TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, seal BIGINT NOT NULL);

-- A row: on. No row: off.
CREATE TABLE switches (connection TEXT NOT NULL, customer TEXT NOT NULL, PRIMARY KEY (connection, customer));

-- Written with their plan. Whether one counts depends on the state of its task.
CREATE TABLE claims (
    plan TEXT NOT NULL,
    place BIGINT NOT NULL,
    connection TEXT NOT NULL,
    subscription TEXT NOT NULL,
    task TEXT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (plan, place)
);
CREATE INDEX claims_by_subscription ON claims (connection, subscription, plan, place);

-- The day on which an ignored task comes back by itself; few have one.
ALTER TABLE tasks ADD COLUMN comes_back TEXT;
CREATE INDEX tasks_coming_back ON tasks (observed_at, id, comes_back) WHERE comes_back IS NOT NULL;
