-- What transactions on callers' own connections brought about, until a node takes it in: counters that
-- every commit changes are not to be locked as long as such a transaction takes.
CREATE TABLE arrivals (
    id      BIGINT NOT NULL PRIMARY KEY,
    effects TEXT COLLATE "C" NOT NULL -- JSON, see src/store/tx/left.rs
);
CREATE SEQUENCE arrivals_ids;
ALTER TABLE arrivals SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
