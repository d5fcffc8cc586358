-- What any plan of a task stored: a later plan of it never writes that a second time.
CREATE INDEX plans_of_task ON plans (task);
