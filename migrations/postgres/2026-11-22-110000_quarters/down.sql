DROP TABLE stats_quarters;
