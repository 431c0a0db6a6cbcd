DROP INDEX jobs_finished;
CREATE INDEX jobs_finished ON jobs (state, completed_at, id, workflow_id)
    WHERE state IN ('completed','failed','cancelled');
