-- Jobs that are deleted and whose log folders are not yet: written with the deletion, so that a crash
-- between the two leaves no folder behind.
CREATE TABLE doomed_logs (
    job_id BIGINT NOT NULL PRIMARY KEY
);
