DROP TABLE remote_totals;
DROP TABLE remote_jobs;
