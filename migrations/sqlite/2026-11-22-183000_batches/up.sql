-- Workflows that programs elsewhere fill job by job, and that may call back twice.
ALTER TABLE workflows ADD COLUMN is_batch BOOLEAN NOT NULL DEFAULT FALSE;
-- While more jobs are on their way: until when they are waited for. It is not over before.
ALTER TABLE workflows ADD COLUMN open_until BIGINT;
CREATE INDEX workflows_open ON workflows (open_until) WHERE open_until IS NOT NULL;

-- What a batch is beside a workflow.
CREATE TABLE batches (
    workflow_id     BIGINT  NOT NULL PRIMARY KEY,
    -- The batch that it is part of.
    parent          BIGINT,
    -- JSON: the job to be made once every job has run once, and the one once all have completed.
    complete        TEXT,
    success         TEXT,
    -- Whether it was committed, ever.
    committed       BOOLEAN NOT NULL DEFAULT FALSE,
    -- All of its jobs before this one have run once.
    looked_to       BIGINT  NOT NULL DEFAULT 0,
    -- When every job had.
    complete_at     BIGINT,
    complete_job_id BIGINT,
    success_job_id  BIGINT
) WITHOUT ROWID;
CREATE INDEX batches_parent ON batches (parent) WHERE parent IS NOT NULL;
