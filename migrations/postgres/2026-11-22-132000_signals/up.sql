-- Signals: what jobs wait for from outside. Each name is given once to a job; it may come before the
-- job waits for it.
CREATE TABLE signals (
    job_id    BIGINT  NOT NULL,
    name      TEXT COLLATE "C"    NOT NULL,
    -- NULL: the job has not waited for it yet.
    until     BIGINT,
    -- The last attempt that ended to wait for it: while the job is scheduled and has had no other
    -- since, the signal wakes it.
    parked    INTEGER,
    -- The job has gone on without it.
    timed_out BOOLEAN NOT NULL DEFAULT FALSE,
    -- When it came; NULL: not yet. So with the other two.
    at        BIGINT,
    bytes     BIGINT,
    payload   TEXT,
    PRIMARY KEY (job_id, name)
);
