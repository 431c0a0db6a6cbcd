DROP SEQUENCE workflows_ids;
DROP INDEX jobs_finished;
CREATE INDEX jobs_finished ON jobs (state, completed_at, id) WHERE state IN ('completed','failed','cancelled');
DROP INDEX jobs_workflow_name;
DROP TABLE workflows;
