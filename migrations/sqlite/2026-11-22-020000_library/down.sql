DELETE FROM sequences WHERE name = 'plans';
DROP TABLE plan_rows;
DROP TABLE plans;
DROP TABLE library_passes;
DROP TABLE library_items;
