-- What transactions on callers' own connections brought about, until a node takes it in: counters that
-- every commit changes are not to be locked as long as such a transaction takes.
CREATE TABLE arrivals (
    id      BIGINT NOT NULL PRIMARY KEY,
    effects TEXT   NOT NULL -- JSON, see src/store/tx/left.rs
) WITHOUT ROWID;
INSERT INTO sequences (name, last) VALUES ('arrivals', 0);
