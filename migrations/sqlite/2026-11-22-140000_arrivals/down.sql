DELETE FROM sequences WHERE name = 'arrivals';
DROP TABLE arrivals;
