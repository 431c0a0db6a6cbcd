DROP SEQUENCE arrivals_ids;
DROP TABLE arrivals;
