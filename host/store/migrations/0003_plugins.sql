-- Versions of plugins that are kept, and which of them new work goes to.

CREATE TABLE plugin_versions (
    digest TEXT NOT NULL PRIMARY KEY, plugin TEXT NOT NULL, installed_at TEXT NOT NULL, body TEXT NOT NULL,
    seal BIGINT NOT NULL
);
CREATE TABLE plugin_activations (plugin TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, seal BIGINT NOT NULL);
