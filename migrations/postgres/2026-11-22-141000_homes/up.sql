-- The folder of a node, named by the first node that worked in it: there the logs of its attempts are.
ALTER TABLE nodes ADD COLUMN home BIGINT NOT NULL DEFAULT 0;
UPDATE nodes SET home = id;

-- Each node deletes what is in its own folder. 0: nobody knows in which.
CREATE TABLE doomed_before AS SELECT job_id FROM doomed_logs;
DROP TABLE doomed_logs;
CREATE TABLE doomed_logs (
    job_id BIGINT NOT NULL,
    home   BIGINT NOT NULL,
    PRIMARY KEY (job_id, home)
);
INSERT INTO doomed_logs (job_id, home) SELECT job_id, 0 FROM doomed_before;
DROP TABLE doomed_before;
