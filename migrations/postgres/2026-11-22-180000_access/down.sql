DROP SEQUENCE audit_ids;
DROP TABLE audit;
DROP TABLE sessions;
