DROP TABLE doomed_logs;
