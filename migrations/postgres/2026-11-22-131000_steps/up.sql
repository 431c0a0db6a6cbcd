-- Values that finished steps of a job left, so that its next attempt goes on behind them. The value
-- stands last: who asks for names and sizes does not read it.
CREATE TABLE steps (
    job_id  BIGINT  NOT NULL,
    name    TEXT COLLATE "C"    NOT NULL,
    -- In the order in which they finished, from 1.
    number  INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at      BIGINT  NOT NULL,
    bytes   BIGINT  NOT NULL,
    value   TEXT    NOT NULL,
    PRIMARY KEY (job_id, name)
);
