DROP TABLE batches;
DROP INDEX workflows_open;
ALTER TABLE workflows DROP COLUMN open_until;
ALTER TABLE workflows DROP COLUMN is_batch;
