-- Catalog sync: what was asked, what became of each reseller, and sets of options under a name.

CREATE TABLE catalog_runs (
    id TEXT NOT NULL PRIMARY KEY, reseller TEXT NOT NULL, marketplace TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, asked_at TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL
);
CREATE INDEX catalog_runs_by_reseller ON catalog_runs (reseller, asked_at, id);
CREATE INDEX catalog_runs_by_time ON catalog_runs (asked_at, id);
CREATE INDEX catalog_runs_unfinished ON catalog_runs (asked_at, id) WHERE state IN ('queued', 'running');

CREATE TABLE catalog_steps (
    run TEXT NOT NULL, place BIGINT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (run, place)
);

CREATE TABLE catalog_presets (
    reseller TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, seal BIGINT NOT NULL,
    PRIMARY KEY (reseller, name)
);
