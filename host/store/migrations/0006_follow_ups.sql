-- Steps of synchronized tasks that wait for somebody in the target. due: when something happens by itself; NULL: nothing
-- does. Records as in 0001.

CREATE TABLE follow_ups (
    plan TEXT NOT NULL,
    change_key TEXT NOT NULL,
    connection TEXT NOT NULL,
    task TEXT NOT NULL,
    state TEXT NOT NULL,
    due TEXT,
    begun_at TEXT NOT NULL,
    body TEXT NOT NULL,
    seal BIGINT NOT NULL,
    PRIMARY KEY (plan, change_key)
);
CREATE INDEX follow_ups_due ON follow_ups (connection, due) WHERE due IS NOT NULL;
CREATE INDEX follow_ups_in_state ON follow_ups (connection, state, begun_at, plan, change_key);
CREATE INDEX follow_ups_of_task ON follow_ups (task);
