-- Times are milliseconds since the epoch, UTC. JSON is text. States are the words of
-- src/domain/lifecycle.rs; a test compares the lists in the partial indexes with it. Texts that are
-- keys are compared byte by byte, as SQLite does.

CREATE TABLE jobs (
    id                  BIGINT  NOT NULL PRIMARY KEY,
    state               TEXT COLLATE "C"    NOT NULL,
    job_type            TEXT COLLATE "C"    NOT NULL,
    queue               TEXT COLLATE "C"    NOT NULL,
    priority            INTEGER NOT NULL,
    attempt             INTEGER NOT NULL DEFAULT 0,
    node                BIGINT,
    retry_count         INTEGER NOT NULL DEFAULT 0,
    max_retries         INTEGER NOT NULL,
    crash_count         INTEGER NOT NULL DEFAULT 0,
    has_children        BOOLEAN NOT NULL DEFAULT FALSE,
    has_parents         BOOLEAN NOT NULL DEFAULT FALSE,
    -- Parents that are not final yet, kept while blocked.
    parents_left        INTEGER NOT NULL DEFAULT 0,
    run_at              BIGINT,
    created_at          BIGINT  NOT NULL,
    ready_at            BIGINT  NOT NULL,
    started_at          BIGINT,
    completed_at        BIGINT,
    cancel_requested_at BIGINT,
    -- NULL: the job type's; 0: none.
    timeout_secs        DOUBLE PRECISION,
    key                 TEXT COLLATE "C",
    target_id           TEXT COLLATE "C",
    unique_hash         TEXT COLLATE "C",
    unique_states       TEXT COLLATE "C",
    unique_until        BIGINT,
    unique_spec         TEXT,
    backoff             TEXT,
    on_parent_failure   TEXT    NOT NULL DEFAULT 'cancel',
    parent_job_id       BIGINT,
    workflow_id         BIGINT,
    name                TEXT COLLATE "C",
    worker_id           TEXT,
    -- NULL: none.
    tags                TEXT,
    metadata            TEXT,
    progress            TEXT,
    args                TEXT    NOT NULL,
    result              TEXT,
    error               TEXT
);

-- What may start now, in the order in which it starts.
CREATE INDEX jobs_claim ON jobs (job_type, queue, priority, id) WHERE state = 'pending';
-- What waits for its time.
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE state IN ('scheduled','retrying');
-- Lists: every list by type, queue and state is a merge of ranges of this index.
CREATE INDEX jobs_list ON jobs (job_type, queue, state, id);
-- What may be deleted some day.
CREATE INDEX jobs_finished ON jobs (state, completed_at, id) WHERE state IN ('completed','failed','cancelled');
CREATE UNIQUE INDEX jobs_key ON jobs (key) WHERE key IS NOT NULL;
-- The lock of a unique job, held in the states that its rule names. Not a UNIQUE index: a job may
-- leave such a state and come back to it after another has taken the lock, and no claim, promotion
-- or end of an attempt may fail for that. Who lets a job in (enqueue, retry, patch) looks first.
CREATE INDEX jobs_unique ON jobs (unique_hash, id)
    WHERE unique_hash IS NOT NULL AND strpos(unique_states, state) > 0;
CREATE INDEX jobs_target ON jobs (target_id, id) WHERE target_id IS NOT NULL;
CREATE INDEX jobs_parent ON jobs (parent_job_id, id) WHERE parent_job_id IS NOT NULL;
CREATE INDEX jobs_workflow ON jobs (workflow_id, id) WHERE workflow_id IS NOT NULL;
-- Who runs what, for the nodes to look after each other.
CREATE INDEX jobs_node ON jobs (node, id) WHERE state = 'running' AND node IS NOT NULL;

-- Attempts that have ended. The one that runs is in its job's row.
CREATE TABLE attempts (
    job_id      BIGINT  NOT NULL,
    number      INTEGER NOT NULL,
    started_at  BIGINT  NOT NULL,
    finished_at BIGINT  NOT NULL,
    outcome     TEXT    NOT NULL,
    error       TEXT,
    worker_id   TEXT,
    PRIMARY KEY (job_id, number)
);

CREATE TABLE dependencies (
    child_id  BIGINT NOT NULL,
    parent_id BIGINT NOT NULL,
    PRIMARY KEY (child_id, parent_id)
);
CREATE INDEX dependencies_parent ON dependencies (parent_id, child_id);

CREATE TABLE job_tags (
    tag    TEXT COLLATE "C"   NOT NULL,
    job_id BIGINT NOT NULL,
    PRIMARY KEY (tag, job_id)
);

-- How many jobs there are, kept by every write.
CREATE TABLE counters (
    job_type TEXT COLLATE "C"   NOT NULL,
    queue    TEXT COLLATE "C"   NOT NULL,
    state    TEXT COLLATE "C"   NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (job_type, queue, state)
);

-- What happened, in spans of ten seconds. metric: see src/store/stats.rs.
CREATE TABLE stats (
    at       BIGINT  NOT NULL,
    job_type TEXT COLLATE "C"    NOT NULL,
    metric   INTEGER NOT NULL,
    n        BIGINT  NOT NULL,
    PRIMARY KEY (at, job_type, metric)
);

CREATE TABLE nodes (
    id           BIGINT  NOT NULL PRIMARY KEY,
    host         TEXT    NOT NULL,
    pid          INTEGER NOT NULL,
    started_at   BIGINT  NOT NULL,
    heartbeat_at BIGINT  NOT NULL,
    state        TEXT COLLATE "C"    NOT NULL
);

-- kind: job_type or queue.
CREATE TABLE pauses (
    kind TEXT COLLATE "C"   NOT NULL,
    name TEXT COLLATE "C"   NOT NULL,
    at   BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- What was changed at run time; NULL: as configured.
CREATE TABLE job_type_settings (
    job_type     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    concurrency  INTEGER,
    -- JSON; 'null': no limit whatever the configuration says.
    rate_limit   TEXT,
    -- 0: no limit.
    timeout_secs DOUBLE PRECISION
);

-- The name of this store.
CREATE TABLE meta (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('instance', left(replace(gen_random_uuid()::text, '-', ''), 16));

-- Numbers that only rise: see src/store/verbs/ids.rs.
CREATE SEQUENCE jobs_ids;
CREATE SEQUENCE nodes_ids;

-- Every write leaves dead rows here; they are cleared away long before a fifth of all jobs are dead.
ALTER TABLE jobs SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
-- A few rows that are written again and again stay on their pages.
ALTER TABLE counters SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE stats SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
