DROP TABLE doomed_logs;
CREATE TABLE doomed_logs (
    job_id BIGINT NOT NULL PRIMARY KEY
);
ALTER TABLE nodes DROP COLUMN home;
