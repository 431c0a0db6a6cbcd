DELETE FROM sequences WHERE name = 'audit';
DROP TABLE audit;
DROP TABLE sessions;
