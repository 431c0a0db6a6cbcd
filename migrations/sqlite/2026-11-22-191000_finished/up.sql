-- What may be deleted some day. Each change of a job's state asks whether its row belongs here, before and after,
-- and one column tells that sooner than a list of states.
DROP INDEX jobs_finished;
CREATE INDEX jobs_finished ON jobs (state, completed_at, id, workflow_id) WHERE completed_at IS NOT NULL;
