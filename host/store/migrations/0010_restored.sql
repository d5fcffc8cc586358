-- When a file was made of a backup is asked at every start: not by reading the whole log.
CREATE INDEX audit_restored ON audit (place) WHERE action = 'store.restored';
