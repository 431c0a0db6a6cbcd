-- Jobs that were handed in together. The columns that bear the names of states count its jobs in
-- them; every write that moves one keeps them.
CREATE TABLE workflows (
    id                  BIGINT  NOT NULL PRIMARY KEY,
    name                TEXT COLLATE "C",
    -- running, or how it ended.
    state               TEXT COLLATE "C"    NOT NULL,
    scheduled           BIGINT  NOT NULL DEFAULT 0,
    blocked             BIGINT  NOT NULL DEFAULT 0,
    pending             BIGINT  NOT NULL DEFAULT 0,
    running             BIGINT  NOT NULL DEFAULT 0,
    retrying            BIGINT  NOT NULL DEFAULT 0,
    completed           BIGINT  NOT NULL DEFAULT 0,
    failed              BIGINT  NOT NULL DEFAULT 0,
    cancelled           BIGINT  NOT NULL DEFAULT 0,
    -- The node of another workflow that this one is.
    parent_job_id       BIGINT,
    -- JSON: the job to be made when all others are final.
    callback            TEXT,
    -- The last one that was made.
    callback_job_id     BIGINT,
    created_at          BIGINT  NOT NULL,
    cancel_requested_at BIGINT,
    completed_at        BIGINT
);

CREATE INDEX workflows_list ON workflows (state, id) WHERE parent_job_id IS NULL;
CREATE INDEX workflows_name ON workflows (name, id) WHERE name IS NOT NULL AND parent_job_id IS NULL;
CREATE UNIQUE INDEX workflows_parent ON workflows (parent_job_id) WHERE parent_job_id IS NOT NULL;
-- What may be deleted some day.
CREATE INDEX workflows_finished ON workflows (state, completed_at, id)
    WHERE parent_job_id IS NULL AND state IN ('completed','failed','cancelled');

CREATE UNIQUE INDEX jobs_workflow_name ON jobs (workflow_id, name)
    WHERE workflow_id IS NOT NULL AND name IS NOT NULL;
-- The pruner passes over jobs of workflows, which go together; it sees in the index which they are.
DROP INDEX jobs_finished;
CREATE INDEX jobs_finished ON jobs (state, completed_at, id, workflow_id)
    WHERE state IN ('completed','failed','cancelled');

CREATE SEQUENCE workflows_ids;
