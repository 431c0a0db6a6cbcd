DROP SEQUENCE plans_ids;
DROP TABLE plan_rows;
DROP TABLE plans;
DROP TABLE library_passes;
DROP TABLE library_items;
