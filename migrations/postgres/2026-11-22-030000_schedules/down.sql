DROP INDEX jobs_schedule;
ALTER TABLE jobs DROP COLUMN schedule;
DROP TABLE schedule_runs;
DROP TABLE schedules;
