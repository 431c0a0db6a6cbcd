-- What programs that speak the Faktory Work Protocol know of jobs that they pushed or fetched.
CREATE TABLE remote_jobs (
    job_id         BIGINT NOT NULL PRIMARY KEY,
    -- Its id there; others may have the same.
    jid            TEXT COLLATE "C" NOT NULL,
    -- JSON: what it has there and not here. See src/domain/remote.rs.
    extra          TEXT   NOT NULL,
    -- While a remote worker holds it: until when.
    reserved_until BIGINT
);
CREATE INDEX remote_jobs_jid ON remote_jobs (jid, job_id);
CREATE INDEX remote_jobs_reserved ON remote_jobs (reserved_until, job_id) WHERE reserved_until IS NOT NULL;

-- How much remote workers have done. Each node has its own, so that none waits for another.
CREATE TABLE remote_totals (
    node BIGINT NOT NULL,
    -- processed, failures
    name TEXT COLLATE "C" NOT NULL,
    n    BIGINT NOT NULL,
    PRIMARY KEY (node, name)
);
