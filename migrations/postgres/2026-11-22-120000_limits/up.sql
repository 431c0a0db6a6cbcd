-- Limits and turns: what a job is told apart by, and what keeps it from starting.

-- Jobs of one priority start in this order. A job's id, or for job types with fairness its turn.
ALTER TABLE jobs ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
UPDATE jobs SET rank = id;
-- The value that running ones are counted by; empty: with all of the type only; NULL: not at all.
ALTER TABLE jobs ADD COLUMN concurrency_key TEXT COLLATE "C";
-- The value that starts are counted by.
ALTER TABLE jobs ADD COLUMN rate_key TEXT COLLATE "C";
-- Only of pending jobs: the limit that it was met by when it was about to start. It is looked at
-- again once there may be room.
ALTER TABLE jobs ADD COLUMN held TEXT COLLATE "C";

DROP INDEX jobs_claim;
-- What may start now, in the order in which it starts.
CREATE INDEX jobs_claim ON jobs (job_type, queue, priority, rank, id) WHERE state = 'pending' AND held IS NULL;
CREATE INDEX jobs_held ON jobs (job_type, held, priority, rank, id) WHERE state = 'pending' AND held IS NOT NULL;
-- What counts towards a limit.
CREATE INDEX jobs_counted ON jobs (job_type, concurrency_key) WHERE state = 'running' AND concurrency_key IS NOT NULL;

-- Starts in the span of a rate limit, by the value of its key ('' without one).
CREATE TABLE rate_starts (
    job_type TEXT COLLATE "C"   NOT NULL,
    key      TEXT COLLATE "C"   NOT NULL,
    at       BIGINT NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (job_type, key, at)
);

-- Values of which jobs are held by a rate limit, and until when.
CREATE TABLE rate_waits (
    job_type TEXT COLLATE "C"   NOT NULL,
    key      TEXT COLLATE "C"   NOT NULL,
    until    BIGINT NOT NULL,
    PRIMARY KEY (job_type, key)
);
CREATE INDEX rate_waits_until ON rate_waits (job_type, until);

-- Turns: the rank that the next job of a value gets; of the value '', the turn that it is.
CREATE TABLE turns (
    job_type TEXT COLLATE "C"    NOT NULL,
    priority INTEGER NOT NULL,
    key      TEXT COLLATE "C"    NOT NULL,
    next     BIGINT  NOT NULL,
    PRIMARY KEY (job_type, priority, key)
);

-- The keys by which the jobs of a type were told apart when they were stored, as JSON.
CREATE TABLE job_type_keys (
    job_type TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    keys     TEXT NOT NULL
);

-- NULL: as configured; 0: none.
ALTER TABLE job_type_settings ADD COLUMN global_concurrency INTEGER;
